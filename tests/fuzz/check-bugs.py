#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# check-bugs.py - put each bug of the file "bugs" in, and see that the fuzz target for that code
# finds it
#
#   check-bugs.py --build DIR [--make MAKE] [--seconds 60] [TARGET...]
#                  make check-bugs [TARGETS="ring"]
#   check-bugs.py --listed
#                  TAP: each bug fits the sources, each target has one (part of make check)
#
# All happens in a copy of the sources, fuzz-bugs/ of the build directory. Exit status: 0 every bug
# was found.
import argparse
import filecmp
import os
import re
import shutil
import subprocess
import sys
import time

HERE = os.path.dirname(os.path.abspath(__file__))


class Bug:
    def __init__(self):
        self.target = self.file = self.words = ''
        self.old, self.new = [], []

    def pattern(self):
        return re.compile(r'^[ ]*' + r'\n[ ]*'.join(re.escape(line.strip()) for line in self.old) +
                          '$', re.M)

    def places(self, source):
        with open(os.path.join(source, self.file), encoding='utf-8') as file:
            return len(self.pattern().findall(file.read()))

    def put_in(self, source):
        path = os.path.join(source, self.file)
        with open(path, encoding='utf-8') as file:
            text = file.read()
        with open(path, 'w', encoding='utf-8') as file:
            file.write(self.pattern().sub(lambda match: '\n'.join(self.new), text))
        return path, text


def read_bugs():
    bugs = []
    with open(os.path.join(HERE, 'bugs'), encoding='utf-8') as file:
        for line in file.read().split('\n'):
            key, _, value = line.partition(': ')
            if key == 'target':
                bugs.append(Bug())
                bugs[-1].target = value
            elif bugs and key == 'file':
                bugs[-1].file = value
            elif bugs and key == 'bug':
                bugs[-1].words = value
            elif bugs and line.startswith('-'):
                bugs[-1].old.append(line[1:])
            elif bugs and line.startswith('+'):
                bugs[-1].new.append(line[1:])
    return bugs


def targets():
    return sorted(os.listdir(os.path.join(HERE, 'corpus')))


def listed():
    source = os.environ.get('top_srcdir', os.path.join(HERE, '..', '..'))
    bugs, n, failed = read_bugs(), 0, False
    points = [(bug.places(source) == 1, f'fuzz-{bug.target}: in {bug.file}: {bug.words}')
              for bug in bugs]
    points += [(any(bug.target == target for bug in bugs), f'fuzz-{target} has a bug to find')
               for target in targets()]
    for good, words in points:
        n += 1
        failed |= not good
        print(f'{"ok" if good else "not ok"} {n} - {words}')
    print(f'1..{n}')
    return 1 if failed else 0


def run(command, log, **keywords):
    with open(log, 'wb') as out:
        return subprocess.run(command, stdout=out, stderr=subprocess.STDOUT, check=False,
                              **keywords).returncode


def take_over(fresh, source):
    """What is new in the copy.

    By contents: what was compiled here may be younger than the sources that it is not of.
    """
    n_made = 0
    os.makedirs(source, exist_ok=True)
    for folder, _, names in os.walk(fresh):
        to = os.path.join(source, os.path.relpath(folder, fresh))
        os.makedirs(to, exist_ok=True)
        for name in set(os.listdir(to)) - set(names) - set(os.listdir(folder)):
            path = os.path.join(to, name)
            shutil.rmtree(path) if os.path.isdir(path) else os.remove(path)
        for name in names:
            old, new = os.path.join(to, name), os.path.join(folder, name)
            if not os.path.exists(old) or not filecmp.cmp(old, new, shallow=False):
                shutil.copyfile(new, old)
                shutil.copymode(new, old)
                n_made += name.endswith(('.am', '.ac', '.inc', '.m4', '.in')) or name == 'configure'
    for name in ('aclocal.m4', 'config.h.in', 'configure', 'Makefile.in') if n_made else ():
        os.utime(os.path.join(source, name)) # made from those before: autotools need not run again
    shutil.rmtree(fresh)


def prepare(options, work):
    """The copy, configured and built."""
    source, build = os.path.join(work, 'source'), os.path.join(work, 'build')
    os.makedirs(build, exist_ok=True)
    log = os.path.join(work, 'prepare.log')
    if run([options.make, '-s', 'distdir', 'distdir=fuzz-bugs/fresh'], log, cwd=options.build):
        sys.exit(f'check-bugs: make distdir failed: {log}')
    take_over(os.path.join(work, 'fresh'), source)
    steps = []
    if not os.path.exists(os.path.join(build, 'Makefile')):
        steps.append(([source + '/configure', 'CC=clang', '--enable-fuzzing', '--with-vmm=no'],
                      build))
    steps.append(([options.make, f'-j{os.cpu_count()}', 'fuzz-programs'], build))
    for command, where in steps:
        if run(command, log, cwd=where):
            with open(log, encoding='utf-8', errors='replace') as text:
                sys.stderr.write(''.join(text.readlines()[-30:]))
            sys.exit(f'check-bugs: {" ".join(command)} failed')
    return source, build


def fuzz(target, source, build, work, seconds):
    """Return: what found it and when, or None."""
    log = os.path.join(work, 'fuzz.log')
    new = os.path.join(work, 'new')
    shutil.rmtree(new, ignore_errors=True)
    os.makedirs(new)
    start = time.monotonic()
    program = os.path.join(build, 'tests/fuzz/fuzz-' + target)
    status = run([program, '-seed=1', f'-max_total_time={seconds}', '-max_len=2048',
                  '-len_control=0', '-print_final_stats=1',
                  f'-artifact_prefix={new}/', new,
                  os.path.join(source, 'tests/fuzz/corpus', target)], log,
                 env=dict(os.environ, top_builddir=build))
    took = time.monotonic() - start
    with open(log, encoding='utf-8', errors='replace') as file:
        text = file.read()
    if status == 0:
        return None
    runs = re.search(r'stat::number_of_executed_units: *(\d+)', text)
    how = re.search(r'(\S+ does not hold|ERROR: (?!libFuzzer)[^\n(]*|runtime error: [^\n]*)', text)
    by_seed = 'INITED' not in text
    when = 'by a seed' if by_seed else f'after {runs.group(1)} runs' if runs else '?'
    return f'{when}, {took:.0f} s: ' + \
        (how.group(1) if how else text.strip().split('\n')[-1])[:70]


def check(options):
    work = os.path.join(options.build, 'fuzz-bugs')
    source, build = prepare(options, work)
    missed = 0
    for bug in read_bugs():
        if options.targets and bug.target not in options.targets:
            continue
        if bug.places(source) != 1:
            sys.exit(f'check-bugs: {bug.file}: not there, once: {bug.old}')
        path, text = bug.put_in(source)
        built = run([options.make, 'fuzz-programs'], os.path.join(work, 'make.log'), cwd=build) == 0
        found = fuzz(bug.target, source, build, work, options.seconds) if built else None
        with open(path, 'w', encoding='utf-8') as file:
            file.write(text)
        missed += not found
        print(f'{bug.target:9} {bug.file}: {bug.words}\n          ' +
              (found or ('NOT FOUND' if built else 'DOES NOT BUILD')), flush=True)
    run([options.make, 'fuzz-programs'], os.path.join(work, 'make.log'), cwd=build)
    print(f'{missed} not found')
    return 1 if missed else 0


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument('--listed', action='store_true')
    parser.add_argument('--build')
    parser.add_argument('--make', default='make')
    parser.add_argument('--seconds', type=int, default=60)
    parser.add_argument('targets', nargs='*')
    options = parser.parse_args()
    if options.listed or not options.build:
        return listed()
    return check(options)


sys.exit(main())
