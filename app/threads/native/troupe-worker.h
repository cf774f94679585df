/* SPDX-License-Identifier: MIT-0
 * Copyright The Troupe authors */
#ifndef TROUPE_WORKER_H
#define TROUPE_WORKER_H

/* Native worker threads for Troupe: the one header that a module needs.
 *
 * A module is a shared library. Troupe loads it into a process of its own, troupe-thread-host, and runs
 * its entry point in a thread; with instances=8 in eight threads at once. Each thread is a worker
 * with a name, output, messages, a CPU figure and an exit code of its own.
 *
 *     #include <troupe-worker.h>
 *
 *     static int
 *     run (TroupeWorker *worker)
 *     {
 *       troupe_worker_printf (worker, TROUPE_WORKER_STDOUT, "my data are %s\n", troupe_worker_data (worker));
 *       return 0;
 *     }
 *
 *     TROUPE_WORKER_MODULE (run)
 *
 *     cc -shared -fPIC -o hello.so hello.c $(pkg-config --cflags troupe-worker)
 *     troupectl run --kind threads --instances 2 ./hello.so
 *
 * There is nothing to link with: the functions below reach the host through a table that
 * comes with each worker. C from C99 on, and C++.
 *
 * Many threads. A module's static variables are shared by all threads that run it: keep what is one
 * thread's own on its stack. Functions marked (any thread) may be called at any time by threads that the
 * module has started itself; all others by the thread that runs the entry point. All end to
 * be usable when the entry point returns: join your own threads before that. When the last thread
 * that runs the module has ended, the module is unloaded.
 *
 * One process. A crash in one thread ends the process, and with it every thread in it; so do exit (),
 * abort () and a signal that nobody handles. A process has one standard output: what printf () and
 * puts () write goes to the output of the host, not to that of the worker. Use troupe_worker_printf (),
 * or the descriptors. Likewise getenv () sees the host's environment; use troupe_worker_getenv ().
 * A write to a closed pipe or socket is an error, EPIPE: the host ignores SIGPIPE.
 *
 * Errors. A function that returns an int returns a negative errno value when it fails, -ETIMEDOUT say,
 * and zero or a positive number when it does not.
 *
 * Time is in milliseconds; -1 is for ever, or until a stop is asked for; 0 does not wait.
 *
 * Memory. A text or a pointer that a function returns belongs to the host; how long it is valid stands
 * with the function. What you pass is read during the call and not kept. Texts are UTF-8 and end
 * with a NUL. */

#include <stdarg.h>
#include <stddef.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The version of everything in this file. It changes only when a module has to be built anew; what is
 * added comes at the end of a structure, whose size says whether it is there: see TROUPE_WORKER_HAS. */
#define TROUPE_WORKER_ABI 1

/* One JSON text may have so many bytes; it may be as much as a cluster of workers can stand. */
#define TROUPE_WORKER_MESSAGE_MAX (96 * 1024 * 1024)
/* What waits in one link, in one direction, for a thread that does not receive: past either of the two
 * posting waits. An empty link takes any message. */
#define TROUPE_WORKER_LINK_MESSAGES_MAX 16384
#define TROUPE_WORKER_LINK_BYTES_MAX (16 * 1024 * 1024)
/* Links of one thread. */
#define TROUPE_WORKER_LINKS_MAX 512
/* A log line, the text of a progress or a failure: what is longer is cut off. */
#define TROUPE_WORKER_TEXT_MAX (16 * 1024)

typedef struct TroupeWorker TroupeWorker;

/* Levels of troupe_worker_log. */
enum
{
  TROUPE_WORKER_DEBUG,
  TROUPE_WORKER_INFO,
  TROUPE_WORKER_WARNING,
  TROUPE_WORKER_ERROR
};

/* The worker's own standard streams. */
enum
{
  TROUPE_WORKER_STDIN,
  TROUPE_WORKER_STDOUT,
  TROUPE_WORKER_STDERR
};

/* Where a message comes from and goes to: Troupe itself, which is to say whoever uses
 * “troupectl send” or the window. Links have positive numbers. */
#define TROUPE_WORKER_TROUPE 0

/* What troupe_worker_receive can hand out. */
enum
{
  TROUPE_WORKER_MESSAGE, /* a message, from Troupe or through a link */
  TROUPE_WORKER_LINKED,  /* there is a link now: PEER is at its other end, FROM is its number */
  TROUPE_WORKER_UNLINKED /* the link FROM is no more: the user took it away, or the peer has ended. All
                          * that was posted into it has been received. */
};

/* (const) One message or event; valid until the next troupe_worker_receive of this worker. */
typedef struct
{
  int kind;
  int from;         /* TROUPE_WORKER_TROUPE, or the number of a link */
  const char *peer; /* the name of the worker at the other end of the link; NULL from Troupe */
  const char *text; /* TROUPE_WORKER_MESSAGE: one JSON text; else NULL */
  size_t length;    /* of TEXT, without its NUL */
} TroupeWorkerMessage;

/* The table. Call the functions further down instead: they say what each does. */
typedef struct
{
  size_t size; /* of this structure, as the host knows it */
  const char *(*name) (TroupeWorker *worker);
  const char *(*data) (TroupeWorker *worker);
  const char *const *(*argv) (TroupeWorker *worker, int *argc);
  const char *(*get_env) (TroupeWorker *worker, const char *name);
  int (*set_env) (TroupeWorker *worker, const char *name, const char *value);
  int (*post) (TroupeWorker *worker, int to, const char *text, size_t length, int timeout_msec);
  int (*receive) (TroupeWorker *worker, const TroupeWorkerMessage **message, int timeout_msec);
  int (*receive_fd) (TroupeWorker *worker);
  int (*stream_fd) (TroupeWorker *worker, int stream);
  int (*print) (TroupeWorker *worker, int stream, const char *format, va_list args);
  void *(*shared) (TroupeWorker *worker, size_t *size);
  int (*should_stop) (TroupeWorker *worker);
  int (*log) (TroupeWorker *worker, int level, const char *format, va_list args);
  int (*progress) (TroupeWorker *worker, double fraction, const char *text);
  void (*fail) (TroupeWorker *worker, const char *format, va_list args);
  void (*leave) (TroupeWorker *worker, int code);
} TroupeWorkerFunctions;

struct TroupeWorker
{
  const TroupeWorkerFunctions *functions;
};

/* Whether the host is new enough to have FUNCTION, a member that a later version of this file added. */
#define TROUPE_WORKER_HAS(worker, function) \
  ((worker)->functions->size > offsetof (TroupeWorkerFunctions, function))

/* --- The module ------------------------------------------------------------- */

/* What the host looks for in a module, under the name troupe_worker_module. */
typedef struct
{
  unsigned int abi;
  unsigned int size; /* of this structure, as the module knows it */
  int (*run) (TroupeWorker *worker);
} TroupeWorkerModule;

#if defined(__GNUC__)
#define TROUPE_WORKER_EXPORT __attribute__ ((__visibility__ ("default")))
#define TROUPE_WORKER_PRINTF(format_at, args_at) __attribute__ ((__format__ (__printf__, format_at, args_at)))
#else
#define TROUPE_WORKER_EXPORT
#define TROUPE_WORKER_PRINTF(format_at, args_at)
#endif

#ifdef __cplusplus
#define TROUPE_WORKER_EXTERN_C extern "C"
#define TROUPE_WORKER_INLINE static inline
#else
#define TROUPE_WORKER_EXTERN_C extern
#define TROUPE_WORKER_INLINE static __inline__
#endif

/* Once in each module, outside of functions: RUN is its entry point, int (*) (TroupeWorker *). What it returns
 * is the worker's exit code: 0 is success; of any other number the lowest eight bits count, as with
 * a process. A C++ exception must not leave it. */
#define TROUPE_WORKER_MODULE(run_function)                                                          \
  TROUPE_WORKER_EXTERN_C TROUPE_WORKER_EXPORT const TroupeWorkerModule troupe_worker_module;        \
  const TroupeWorkerModule troupe_worker_module                                                     \
      = { TROUPE_WORKER_ABI, (unsigned int) sizeof (TroupeWorkerModule), run_function };

/* --- What the worker was given ---------------------------------------------- */

/* “primes.1”. Valid as long as the worker. (any thread) */
TROUPE_WORKER_INLINE const char *
troupe_worker_name (TroupeWorker *worker)
{
  return worker->functions->name (worker);
}

/* The program's worker-data: one JSON text, "null" when there is none. Valid as long as the worker. (any
 * thread) */
TROUPE_WORKER_INLINE const char *
troupe_worker_data (TroupeWorker *worker)
{
  return worker->functions->data (worker);
}

/* The arguments, as main () gets them: the first is the file of the module, and a NULL follows the last.
 * ARGC may be NULL. Valid as long as the worker. (any thread) */
TROUPE_WORKER_INLINE const char *const *
troupe_worker_argv (TroupeWorker *worker, int *argc)
{
  return worker->functions->argv (worker, argc);
}

/* The value of an environment variable, or NULL. Every worker has a copy of its own, unless the program says
 * share-env: then all its threads see and change the same one. Neither is what getenv ()
 * sees. Valid until this worker asks for, or sets, the same variable again. */
TROUPE_WORKER_INLINE const char *
troupe_worker_getenv (TroupeWorker *worker, const char *name)
{
  return worker->functions->get_env (worker, name);
}

/* VALUE may be NULL: the variable is removed. -EINVAL: the name is empty or has a “=”. -ENOSPC: there are
 * more variables, or more text in them, than a process can start with. */
TROUPE_WORKER_INLINE int
troupe_worker_setenv (TroupeWorker *worker, const char *name, const char *value)
{
  return worker->functions->set_env (worker, name, value);
}

/* --- Messages --------------------------------------------------------------- */

/* Posts one JSON text, of LENGTH bytes, to Troupe (TROUPE_WORKER_TROUPE) or into a link. Messages arrive in the
 * order in which they were posted, and are on their way at the latest two milliseconds after the call. When
 * the other side is slow there comes a point where posting waits.
 * (any thread)
 *
 *   0           posted
 *   -EINVAL     it is no JSON text, or one of Node's own messages ("cmd" begins with NODE_). This is also
 *               noted among the worker's events, with the place.
 *   -EMSGSIZE   longer than TROUPE_WORKER_MESSAGE_MAX
 *   -ETIMEDOUT  there was no room in that time; nothing was posted
 *   -ECANCELED  a stop was asked for while waiting for ever. A worker that has last words
 *               for which to wait gives the time it will.
 *   -EPIPE      the other side is gone
 *   -ENOENT     no such link */
TROUPE_WORKER_INLINE int
troupe_worker_post_to (TroupeWorker *worker, int to, const char *text, size_t length, int timeout_msec)
{
  return worker->functions->post (worker, to, text, length, timeout_msec);
}

/* Posts TEXT to Troupe, for ever. (any thread) */
TROUPE_WORKER_INLINE int
troupe_worker_post (TroupeWorker *worker, const char *text)
{
  const char *end = text;

  while (*end != '\0')
    end++;
  return worker->functions->post (worker, TROUPE_WORKER_TROUPE, text, (size_t) (end - text), -1);
}

/* Waits for the next message or event. Each link keeps its order, and so does Troupe; between them there is none, but
 * that a link is told of before what Troupe says once it knows of it.
 *
 *   1           *MESSAGE is it
 *   0           none in that time
 *   -ECANCELED  a stop was asked for. From then on only a TIMEOUT_MSEC of 0 hands out what is left.
 *   -EPIPE      nothing comes any more: Troupe has closed the channel, there is no link, and all that came
 *               before has been handed out */
TROUPE_WORKER_INLINE int
troupe_worker_receive (TroupeWorker *worker, const TroupeWorkerMessage **message, int timeout_msec)
{
  return worker->functions->receive (worker, message, timeout_msec);
}

/* A descriptor for poll () and its like, which can be read (POLLIN) when a message or event can be received
 * or a stop was asked for. Now and then it can be read and there is nothing after all (a message has
 * come in part): receive with a timeout of 0, until that returns no more 1. After -EPIPE, and after a
 * stop, it can be read for ever. Do not read or close it; it is the host's, and as long as the worker. Negative errno
 * when there are none left. */
TROUPE_WORKER_INLINE int
troupe_worker_receive_fd (TroupeWorker *worker)
{
  return worker->functions->receive_fd (worker);
}

/* --- Output and input ------------------------------------------------------- */

/* The descriptor of STREAM, a socket: read from TROUPE_WORKER_STDIN, write to the other two. Calls wait.
 * Do not close it. To the end of the worker. -EINVAL: no such stream. (any thread) */
TROUPE_WORKER_INLINE int
troupe_worker_stream_fd (TroupeWorker *worker, int stream)
{
  return worker->functions->stream_fd (worker, stream);
}

/* printf () to the worker's output, unbuffered and whole: two threads of one worker do not mix within
 * one call. Returns the number of bytes. (any thread) */
TROUPE_WORKER_INLINE int TROUPE_WORKER_PRINTF (3, 4)
troupe_worker_printf (TroupeWorker *worker, int stream, const char *format, ...)
{
  va_list args;
  int n;

  va_start (args, format);
  n = worker->functions->print (worker, stream, format, args);
  va_end (args);
  return n;
}

/* --- Shared memory ---------------------------------------------------------- */

/* The block that all threads of the program have in common (shared-memory=), zeroed at first and aligned
 * to a page. NULL, and a *SIZE of 0, when the program has none. To the end of the process. Reads and
 * writes need what any memory between threads needs: atomics, or a lock. SIZE may be NULL. (any thread) */
TROUPE_WORKER_INLINE void *
troupe_worker_shared (TroupeWorker *worker, size_t *size)
{
  return worker->functions->shared (worker, size);
}

/* --- The end ---------------------------------------------------------------- */

/* Whether a stop was asked for; it stays so. A native thread cannot be ended from outside: only the whole process
 * can. So look now and then, and return. It costs next to nothing. (any thread) */
TROUPE_WORKER_INLINE int
troupe_worker_should_stop (TroupeWorker *worker)
{
  return worker->functions->should_stop (worker);
}

/* Ends the worker from wherever its entry point has got to, as if that had returned CODE; destructors of C++ and
 * cleanup handlers of pthreads run. Does not return. In a thread of the module's own it does nothing. */
TROUPE_WORKER_INLINE void
troupe_worker_leave (TroupeWorker *worker, int code)
{
  worker->functions->leave (worker, code);
}

/* --- What others see -------------------------------------------------------- */

/* A line among the worker's events. Dropped, and the number dropped told later, when Troupe has not taken many
 * before for a second. (any thread) */
TROUPE_WORKER_INLINE int TROUPE_WORKER_PRINTF (3, 4)
troupe_worker_log (TroupeWorker *worker, int level, const char *format, ...)
{
  va_list args;
  int result;

  va_start (args, format);
  result = worker->functions->log (worker, level, format, args);
  va_end (args);
  return result;
}

/* How far the worker is: 0 to 1, or -1 for unknown, and at what; TEXT may be NULL. Call it as often as you like:
 * the last of several is shown, ten times a second. (any thread) */
TROUPE_WORKER_INLINE int
troupe_worker_progress (TroupeWorker *worker, double fraction, const char *text)
{
  return worker->functions->progress (worker, fraction, text);
}

/* Says what went wrong, as the worker's error, for the person who looks why it ended. Return
 * something other than 0 after it. (any thread) */
TROUPE_WORKER_INLINE void TROUPE_WORKER_PRINTF (2, 3)
troupe_worker_fail (TroupeWorker *worker, const char *format, ...)
{
  va_list args;

  va_start (args, format);
  worker->functions->fail (worker, format, args);
  va_end (args);
}

#ifdef __cplusplus
}
#endif

#endif
