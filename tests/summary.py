#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-3.0-or-later
# Copyright The Troupe authors
"""Tells how a test run ended: each failure with what it printed, then the count.

Reads what `meson test` left in BUILD/meson-logs/testlog.json. In Python because Meson is:
where one is, the other is. A case is a line of TAP; a test without TAP is one case. A test
that crashed, ran out of time, lost cases of its plan or never ran is a failure even if
every case it told of passed.
"""

import argparse
import json
import pathlib
import re
import subprocess
import sys

CASE = re.compile(r'^(not )?ok\b\s*(\d*)\s*(?:- )?(.*?)(?:\s*(?<!\\)#\s*(skip|todo)\w*\s*(.*))?$', re.IGNORECASE)
SHOWN_LINES = 60  # of each output of a failed test; the whole is in testlog.txt


def cases_of(output):
    """Yields (verdict, name, reason) for each line of TAP."""
    for line in output.splitlines():
        match = CASE.match(line)
        if not match:
            continue
        failed, number, name, directive, reason = match.groups()
        name = name.strip() or f'case {number}'
        if directive:
            yield 'skipped', name, reason or directive.lower()
        else:
            yield ('failed' if failed else 'passed'), name, ''


def judge(test):
    """Returns the cases of one test of the log, and what went wrong with it as a whole."""
    result = test['result']
    cases = list(cases_of(test.get('stdout') or ''))
    if not cases:
        verdict = {'OK': 'passed', 'EXPECTEDFAIL': 'passed', 'SKIP': 'skipped'}.get(result, 'failed')
        reason = ''
        if verdict == 'skipped':
            said = (test.get('stdout') or '') + (test.get('stderr') or '')
            plan = re.search(r'^1\.\.0\s*#\s*skip\w*\s*(.*)$', said, re.IGNORECASE | re.MULTILINE)
            # One without TAP, a benchmark say, gives its reason as its last words.
            last_words = (said.strip().splitlines() or [''])[-1]
            reason = (plan.group(1) if plan else last_words) or 'the test skips itself'
        cases = [(verdict, 'whole test', reason)]
    elif result not in ('OK', 'SKIP', 'EXPECTEDFAIL') and not any(c[0] == 'failed' for c in cases):
        cases.append(('failed', 'whole test', ''))

    trouble = ''
    if result == 'TIMEOUT':
        trouble = f'ran out of time after {test["duration"]:.0f} s, or left a process with its output open'
    elif result == 'INTERRUPT':
        trouble = 'was interrupted'
    elif test.get('returncode', 0) < 0:
        trouble = f'was ended by signal {-test["returncode"]}'
    elif result == 'ERROR':
        trouble = f'did not end as it should (exit code {test.get("returncode")})'
    elif result == 'UNEXPECTEDPASS':
        trouble = 'passed although it is marked as failing'
    return cases, trouble


def expected_tests(build, suites):
    """Names of the tests that had to run."""
    found = json.loads(subprocess.run(['meson', 'introspect', '--tests', str(build)],
                                      check=True, capture_output=True, text=True).stdout)
    return [t['name'] for t in found
            if not suites or any(s.split(':')[-1] in suites for s in t['suite'])]


def tell_failure(name, cases, trouble, test, build):
    print(f'\n---- {name}' + (f' {trouble}' if trouble else ''))
    # A failed test's passed cases, and GLib's debug messages, only hide what matters.
    lines = {stream: [line for line in (test.get(stream) or '').rstrip().splitlines()
                      if stream == 'stderr' or not re.match(r'ok |1\.\.\d+$|TAP version|# \S*-DEBUG:|# (Start|End) of', line)]
             for stream in ('stdout', 'stderr')}
    for verdict, case, _ in cases:
        if verdict == 'failed' and len(lines['stdout']) > SHOWN_LINES and case != 'whole test':
            print(f'  failed: {case}')
    for stream, whole in lines.items():
        if len(whole) > SHOWN_LINES:
            print(f'  {stream} | … {len(whole) - SHOWN_LINES} lines before these')
        for line in whole[-SHOWN_LINES:]:
            print(f'  {stream} | {line}')
    print(f'  Again, alone: meson test -C {build} -v {name.split(" / ")[-1]}')


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--meson-status', type=int, default=0)
    parser.add_argument('--left-behind', type=pathlib.Path)
    parser.add_argument('--suite', action='append', default=[])
    parser.add_argument('--expect', help='names of the tests, for the test of this program')
    parser.add_argument('build', type=pathlib.Path)
    options = parser.parse_args()

    count = dict(passed=0, failed=0, skipped=0)
    skips = []
    seen = set()
    log = options.build / 'meson-logs' / 'testlog.json'
    lines = log.read_text(errors='replace').splitlines() if log.exists() else []
    for line in lines:
        try:
            test = json.loads(line)
        except ValueError:
            continue  # cut off; the test it spoke of is missed below
        name = test['name']
        seen.add(name.split(' / ')[-1])
        cases, trouble = judge(test)
        for verdict, case, reason in cases:
            count[verdict] += 1
            if verdict == 'skipped':
                skips.append(f'  {name}: {case}: {reason}')
        if any(c[0] == 'failed' for c in cases):
            tell_failure(name, cases, trouble, test, options.build)

    expected = options.expect.split() if options.expect is not None else \
        expected_tests(options.build, options.suite)
    missed = [name for name in expected if name not in seen]
    for name in missed:
        print(f'\n---- {name} never ended: the test run was over before it')
        count['failed'] += 1

    left = options.left_behind.read_text(errors='replace').splitlines() if options.left_behind else []
    if left:
        count['failed'] += 1
        print('\n---- Processes that outlived the tests (now killed):')
        for line in left:
            print(f'  {line}')

    if options.meson_status and not count['failed']:
        count['failed'] += 1
        print(f'\n---- meson test ended with {options.meson_status} although no test failed; '
              f'see {options.build}/tests.log')
    if not any(count.values()):
        print('\n---- There is no test of that name.')
        count['failed'] += 1

    if skips:
        print('\nSkipped:')
        print('\n'.join(skips))
    print(f'\n{count["passed"]} passed, {count["failed"]} failed, {count["skipped"]} skipped')
    return 1 if count['failed'] else 0


if __name__ == '__main__':
    sys.exit(main())
