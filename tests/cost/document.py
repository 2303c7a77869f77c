#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
"""document.py SOURCE FIGURES LOCKED - the table of test-cost, and doc/performance.md's, from counts

FIGURES is what test-cost --write printed, LOCKED what --locked did. Each locked instruction is led
back to the line of the access that it comes from, which names a label (shm/shm-order.h); "reasons"
says for each label why it cannot go. One without a reason is an error. Called by make update-costs.
"""
import os
import re
import subprocess
import sys
import textwrap

BEGIN, END = '<!-- make update-costs: begin -->', '<!-- make update-costs: end -->'
IN_TREE = re.compile(r'((?:shm|client-lib|gic|base|bench)/[\w-]+\.[ch])$')
LABEL = re.compile(r'\bshm_(?:cas|exchange|or|and|add|store)\(.*?\b([A-Z]+)_([A-Z]\d+)\)', re.S)


def innermost(binary, addresses):
    """address -> (path, line) of the innermost inlined call"""
    run = subprocess.run(['addr2line', '-a', '-i', '-e', binary] + addresses, check=True,
                         capture_output=True, text=True)
    places, at = {}, None
    for line in run.stdout.splitlines():
        if line.startswith('0x'):
            at = int(line, 16)
        elif at not in places:
            places[at] = line.split(' ')[0].rsplit(':', 1)
    return places


def label_at(source, place):
    """The label of the access at a line; its call may go on over the next lines."""
    found = IN_TREE.search(place[0])
    if not found or not place[1].isdigit():
        return None
    with open(os.path.join(source, found.group(1)), encoding='utf-8') as file:
        lines = file.read().splitlines()
    label = LABEL.search('\n'.join(lines[int(place[1]) - 1:int(place[1]) + 3]))
    return '-'.join(label.groups()) if label else None


def read_locked(source, path):
    """operation -> labels in the order of execution"""
    rows = [line.rstrip('\n').split('\t') for line in open(path, encoding='utf-8')]
    places = {}
    for binary in {row[1] for row in rows}:
        addresses = sorted({row[2] for row in rows if row[1] == binary})
        for at, place in innermost(binary, addresses).items():
            places[binary, at] = place
    labels = {}
    for operation, binary, address in rows:
        place = places[binary, int(address, 16)]
        label = label_at(source, place)
        if not label:
            sys.exit('%s: a locked operation at %s:%s names no label' % (operation, *place))
        labels.setdefault(operation, []).append(label)
    return labels


def read_reasons(path):
    reasons = {}
    for line in open(path, encoding='utf-8'):
        if line.strip() and not line.startswith('#'):
            if line[0].isspace():
                reasons[label] += ' ' + line.strip()
            else:
                label, reasons_text = line.split(None, 1)
                reasons[label] = reasons_text.strip()
    return reasons


def counted(labels, turn):
    """A, B, A -> A x 2, B of one operation of @turn; in the order of the first"""
    def times(label):
        n = round(labels.count(label) / turn, 2)
        return '' if n == 1 else ' x %g' % n
    return ', '.join(label + times(label) for label in dict.fromkeys(labels))


def number(text):
    return text.rstrip('0').rstrip('.')


def write_table(path, figures):
    """Keep the comment at its head."""
    head = [line for line in open(path, encoding='utf-8') if line.startswith('#')]
    with open(path, 'w', encoding='utf-8') as file:
        file.writelines(head)
        file.writelines(figures)


def write_document(path, figures, labels, reasons):
    rows = [textwrap.fill('Of the ' + figures[0].strip() + '.', 98, break_on_hyphens=False), '',
            '| operation | instructions | locked | which |', '|---|--:|--:|---|']
    for line in figures[1:]:
        operation, instructions, locked, name = line.rstrip('\n').split(None, 3)
        mine = labels.get(operation, [])
        turn = round(len(mine) / float(locked)) if mine else 1
        rows.append('| %s | %s | %s | %s |' % (name, number(instructions), number(locked),
                                               counted(mine, turn) or '-'))
    used = sorted({label for mine in labels.values() for label in mine})
    missing = [label for label in used if label not in reasons]
    if missing:
        sys.exit('tests/cost/reasons does not say why these cannot go: ' + ' '.join(missing))
    rows += ['', '| locked operation | why it cannot go |', '|---|---|']
    rows += ['| %s | %s |' % (label, reasons[label]) for label in used]
    with open(path, encoding='utf-8') as file:
        text = file.read()
    before, rest = text.split(BEGIN)
    after = rest.split(END)[1]
    with open(path, 'w', encoding='utf-8') as file:
        file.write(before + BEGIN + '\n' + '\n'.join(rows) + '\n' + END + after)


def main(source, figures_path, locked_path):
    figures = open(figures_path, encoding='utf-8').readlines()
    labels = read_locked(source, locked_path)
    reasons = read_reasons(os.path.join(source, 'tests/cost/reasons'))
    write_document(os.path.join(source, 'doc/performance.md'), figures, labels, reasons)
    write_table(os.path.join(source, 'tests/cost/table'), figures)


main(*sys.argv[1:])
