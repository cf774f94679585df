/* SPDX-License-Identifier: GPL-3.0-or-later
 * Copyright The Troupe authors */

/* The header in C++: a module with a constructor, and a destructor that runs when the worker leaves. */

#include <troupe-worker.h>

#include <string>

namespace
{

class Guard
{
public:
  explicit Guard (TroupeWorker *worker) : worker_ (worker) {}
  ~Guard () { troupe_worker_printf (worker_, TROUPE_WORKER_STDOUT, "cleaned up\n"); }

private:
  TroupeWorker *worker_;
};

int
run (TroupeWorker *worker)
{
  Guard guard (worker);
  std::string data = troupe_worker_data (worker);

  troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "in C++: %s\n", data.c_str ());
  troupe_worker_leave (worker, 5);
  return 0;
}

} // namespace

TROUPE_WORKER_MODULE (run)
