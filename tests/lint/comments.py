#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
"""What comments promise, and how wide a line is. Run by check-comments.sh; speaks TAP.

name()     a function or macro that a comment names exists: renamed code leaves no comment behind.
documents  a file that a comment names exists in the tree. No document is named that only its
           authors have.
heads      each .c file tells a stranger what it is: in its own head, or in that of the header of
           the same name.
columns    100, of code and documents.
"""
import os
import re
import sys

FOLDERS = ('base gic shm proto daemon client-lib icv cli vmm load bench examples contrib systemd '
           'tests doc').split()
WIDTH = 100
# What others call so, and this tree's code never names.
FOREIGN = {'CustomCrossOver', 'vgic_queue_irq_unlock', 'vgic_target_oracle', 'vgic_fold_lr_state',
           'vgic_v3_populate_lr',
           # QEMU's, and what contrib/qemu/*.patch adds to it
           'arm_cpu_has_work', 'cpu_gic_lines'}
FOREIGN_DOCUMENTS = ('Documentation/',)          # of Linux
WRITTEN_BY_TESTS = {'model-failure.txt', 'qemu-failure.txt'}
TOKEN = re.compile(r'"(?:\\.|[^"\\\n])*"|\'(?:\\.|[^\'\\\n])*\'|/\*.*?\*/|//[^\n]*', re.S)


def tree_files(endings):
    for folder in FOLDERS:
        for path, folders, names in os.walk(folder):
            folders.sort()
            for name in sorted(names):
                if name.endswith(endings) and not name.endswith(('.pb-c.c', '.pb-c.h')):
                    yield os.path.join(path, name)


def split_comments(text):
    """The code without its comments, and the comments as (line, text)."""
    comments = []

    def keep(match):
        if match.group(0)[0] != '/':
            return match.group(0)
        comments.append((text.count('\n', 0, match.start()) + 1, match.group(0)))
        return ' '
    return TOKEN.sub(keep, text), comments


def find_head(path):
    """The comment before any code, but for the include guard of a header."""
    with open(path, encoding='utf-8') as f:
        text = f.read()
    text = re.sub(r'\A(/\*|//) SPDX[^\n]*\n(/\*|//) Copyright[^\n]*\n', '', text)
    text = re.sub(r'\A\s*#ifndef \w+\n#define \w+\n', '', text)
    match = re.match(r'\s*/\*(.*?)\*/', text, re.S)
    return match.group(1) if match else ''


def count_words(head):
    return len(re.findall(r'\w+', re.sub(r'\bsee [\w./-]+', '', head)))


def has_head(path):
    if count_words(find_head(path)) >= 12:
        return True
    header = path[:-1] + 'h'
    return os.path.exists(header) and count_words(find_head(header)) >= 12


def long_lines(path):
    """Rows of a table, and what a page shows as it is (indented, between ```), stay in a line."""
    page, shown = path.endswith(('.md', 'README')), False
    with open(path, encoding='utf-8') as f:
        for n, line in enumerate(f, 1):
            shown ^= page and line.startswith('```')
            if page and (shown or re.match(r'\||    | +\S.*\S {3,}\S', line)):
                continue
            if len(line.rstrip('\n')) > WIDTH:
                yield n


def check_names(comments, code):
    known = set()
    for text in code.values():
        known.update(re.findall(r'[A-Za-z_]\w*', text))
    for path, found in comments.items():
        for line, text in found:
            for name in re.findall(r'(?<![\w.*])([A-Za-z_]\w*)\(\)', text):
                if name not in known and name not in FOREIGN:
                    yield f'{path}:{line}: {name}()'


def check_pages(code):
    """The same of README and doc/, for names that can only be ours."""
    known = set()
    for text in code.values():
        known.update(re.findall(r'[A-Za-z_]\w*', text))
    for path in ['README'] + list(tree_files(('.md',))):
        with open(path, encoding='utf-8') as f:
            for line, text in enumerate(f, 1):
                for name in re.findall(r'\b((?:vgic|shm|gic|icv|proto|base)_\w+)\(\)', text):
                    if name not in known and name not in FOREIGN and not name.endswith('_'):
                        yield f'{path}:{line}: {name}()'


def check_documents(comments):
    named = re.compile(r'(?<![\w./-])[\w./-]+\.(?:md|txt|rst)\b|\bDESIGN\b|\bCRAFT\b|\bPEERS\b')
    for path, found in comments.items():
        for line, text in found:
            for name in named.findall(text):
                if (name.startswith(FOREIGN_DOCUMENTS) or name in WRITTEN_BY_TESTS or
                        name == 'arm-vgic-v3.rst'):
                    continue
                if not any(os.path.exists(os.path.join(d, name))
                           for d in ('.', 'doc', os.path.dirname(path))):
                    yield f'{path}:{line}: {name}'


def check_headers(comments):
    """A head that sends its reader to another file sends him to one that exists."""
    for path, found in comments.items():
        for line, text in found:
            for name in re.findall(r'\bsee ((?:[\w-]+/)*[\w-]+\.[ch])\b', text):
                places = [os.path.join(d, name)
                          for d in ['.', os.path.dirname(path), 'tests/lib', 'build'] + FOLDERS]
                if not any(os.path.exists(place) for place in places):
                    yield f'{path}:{line}: {name}'


def check_heads():
    for path in tree_files(('.c',)):
        if not has_head(path):
            yield f'{path}: no head, and none in its header'


def check_columns():
    endings = ('.c', '.h', '.cc', '.sh', '.py', '.inc', '.proto', '.md', '.map', '.awk', '.1', '.8',
               'README')
    others = ['README', 'Makefile.am', 'configure.ac', 'quickstart', '.ci/run']
    for path in list(tree_files(endings)) + others:
        for n in long_lines(path):
            yield f'{path}:{n}'


def main():
    os.chdir(os.environ.get('top_srcdir', '.'))
    comments, code = {}, {}
    for path in tree_files(('.c', '.h', '.cc')):
        with open(path, encoding='utf-8') as f:
            code[path], comments[path] = split_comments(f.read())
    points = [
        (check_names(comments, code), 'each name() in a comment exists'),
        (check_pages(code), 'each of our functions that a page names exists'),
        (check_documents(comments), 'each document that a comment names is in the tree'),
        (check_headers(comments), 'each file that a comment sends its reader to exists'),
        (check_heads(), 'each .c file has a head, or its header has'),
        (check_columns(), f'no line is longer than {WIDTH} columns'),
    ]
    failed = False
    for n, (found, name) in enumerate(points, 1):
        found = list(found)
        print(f"{'not ok' if found else 'ok'} {n} - {name}")
        for line in found[:40]:
            print(f'# {line}')
        failed = failed or bool(found)
    print(f'1..{len(points)}')
    return failed


sys.exit(main())
