# SPDX-License-Identifier: MIT
# Copyright (c) 2026 The vgicd authors
#
# What a scrape of vgicd is, read strictly; and that doc/operating.md, the dashboard and the alerts
# name what it has, and nothing else. Speaks TAP.
#
# Two readers: one of this file, which needs nothing, and python3-prometheus-client's. With promtool
# in PATH (Debian: prometheus) that reads the rules and the dashboard's expressions, too.
import json
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile

# Another python3 than Debian's own finds Debian's modules there.
sys.path.append("/usr/lib/python3/dist-packages")

source = os.environ.get("top_srcdir", ".")
build = os.environ.get("top_builddir", "build")
n_points = 0
n_failed = 0


def point(name, wrong):
    """@wrong lists what is not as it should be."""
    global n_points, n_failed
    n_points += 1
    n_failed += bool(wrong)
    print("%s %d - %s" % ("not ok" if wrong else "ok", n_points, name))
    for line in list(wrong)[:20]:
        print("# %s" % line)


def skip(name, why):
    global n_points
    n_points += 1
    print("ok %d - %s # SKIP %s" % (n_points, name, why))


# --- a scrape ---

def scrape():
    with tempfile.TemporaryDirectory(prefix="vgicd-test.") as folder:
        notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        notify.bind(folder + "/notify")
        notify.settimeout(20)
        daemon = subprocess.Popen(
            [build + "/daemon/vgicd", "--socket", folder + "/sock", "--metrics",
             folder + "/metrics", "--metrics-vms", "5"],
            env=dict(os.environ, NOTIFY_SOCKET=folder + "/notify"), stdout=sys.stderr)
        try:
            while b"READY=1" not in notify.recv(4096):
                pass
            reader = socket.socket(socket.AF_UNIX)
            reader.settimeout(20)
            reader.connect(folder + "/metrics")
            reader.sendall(b"GET /metrics HTTP/1.1\r\nHost: localhost\r\n\r\n")
            answer = b""
            while chunk := reader.recv(65536):
                answer += chunk
            reader.close()
        finally:
            daemon.terminate()
            status = daemon.wait(20)
        head, page = answer.split(b"\r\n\r\n", 1)
        point("a scrape is answered, and the daemon ends in order",
              [] if head.startswith(b"HTTP/1.1 200 ") and status == 0 else [head, status])
        return page.decode("utf-8")


# --- OpenMetrics 1.0, for what vgicd uses of it ---

SAMPLE = re.compile(r'([a-z_]+)(?:\{((?:[a-z]+="(?:[^"\\\n]|\\["\\n])*",?)*)\})? '
                    r'([0-9]+(?:\.[0-9]+)?)')
LABEL = re.compile(r'([a-z]+)="((?:[^"\\\n]|\\["\\n])*)"')
SUFFIXES = {"gauge": [""], "counter": ["_total"], "info": ["_info"],
            "histogram": ["_bucket", "_count", "_sum"]}


class Family:
    def __init__(self, name, kind):
        self.name, self.kind = name, kind
        self.unit = self.help = None
        self.samples = []               # (name, labels, value)


def read_comment(line, families, wrong):
    word, name, rest = (line[2:].split(" ", 2) + ["", ""])[:3]
    family = families.get(name)
    if word == "TYPE":
        if family or rest not in SUFFIXES:
            wrong.append(line)
        families[name] = Family(name, rest)
        return families[name]
    if not family or family.samples or word not in ("UNIT", "HELP") or not rest:
        wrong.append(line)
    elif word == "UNIT":
        if family.unit or not name.endswith("_" + rest):
            wrong.append(line)
        family.unit = rest
    else:
        if family.help:
            wrong.append(line)
        family.help = rest
    return family


def read_sample(line, family, wrong):
    match = SAMPLE.fullmatch(line)
    if not match or not family:
        wrong.append(line)
        return
    name, labels, value = match.groups()
    labels = tuple(LABEL.findall(labels or ""))
    if name not in [family.name + suffix for suffix in SUFFIXES[family.kind]]:
        wrong.append("not of the family before it: " + line)
    if len(dict(labels)) != len(labels):
        wrong.append("a label twice: " + line)
    if (name, labels) in [(n, l) for n, l, _ in family.samples]:
        wrong.append("twice: " + line)
    family.samples.append((name, labels, float(value)))


def check_histogram(family, wrong):
    buckets = [(dict(l)["le"], v) for n, l, v in family.samples if n.endswith("_bucket")]
    count = [v for n, l, v in family.samples if n.endswith("_count")]
    bounds = [float(b) for b, _ in buckets]
    values = [v for _, v in buckets]
    if bounds != sorted(set(bounds)) or buckets[-1][0] != "+Inf" or values != sorted(values) or \
            count != [values[-1]] or len(family.samples) != len(buckets) + 2:
        wrong.append(family.name)


def read_page(page):
    families, wrong, family = {}, [], None
    lines = page.split("\n")
    if lines[-2:] != ["# EOF", ""] or lines.count("# EOF") != 1:
        wrong.append("the end is not the end")
    for line in lines[:-2]:
        if line.startswith("# "):
            family = read_comment(line, families, wrong)
        else:
            read_sample(line, family, wrong)
    for family in families.values():
        if not family.help:
            wrong.append("no HELP: " + family.name)
        if family.name.split("_")[-1] in ("seconds", "bytes") and not family.unit:
            wrong.append("no UNIT: " + family.name)
        if family.kind == "histogram":
            check_histogram(family, wrong)
    point("a strict reader of OpenMetrics 1.0 reads all of it", wrong)
    return families


def read_by_client(page, families):
    name = "python3-prometheus-client reads the same"
    try:
        from prometheus_client.openmetrics import parser
    except ImportError as error:
        skip(name, "python3-prometheus-client is not installed (%s)" % error)
        return
    try:
        read = {f.name: f for f in parser.text_string_to_metric_families(page)}
    except ValueError as error:
        point(name, [error])
        return
    point(name, [f.name for f in families.values()
                 if f.name not in read or read[f.name].type != f.kind or
                 len(read[f.name].samples) != len(f.samples)] +
          [name for name in read if name not in families])


# --- who names them ---

def names_of(family):
    """As Prometheus knows them: all samples' of a family, also where there are none yet."""
    return [family.name + suffix for suffix in SUFFIXES[family.kind]]


def documented_name(family):
    return family.name + (SUFFIXES[family.kind][0] if family.kind != "histogram" else "")


def table(text, heading):
    """The first column of the table whose heading is this."""
    lines = text.split("\n")
    at = lines.index(heading) + 2
    rows = []
    while lines[at].startswith("|"):
        rows.append(re.match(r"\| `([^`]+)` \| \S.* \| \S.* \|$", lines[at]))
        if not rows[-1]:
            raise SystemExit("Bail out! not a row: " + lines[at])
        at += 1
    return [row.group(1) for row in rows]


def compare(name, ours, theirs):
    point(name, ["only one has " + n for n in sorted(set(ours) ^ set(theirs))] +
          ["twice: " + n for n in theirs if theirs.count(n) > 1])


OWN_LABELS = {"le", "instance", "job"}


def check_expression(expression, families, wrong):
    """Its metrics exist, with the labels that it selects or sums by, and the values."""
    known = {n: f for f in families.values() for n in names_of(f)}
    labels = set(OWN_LABELS)
    for metric, matchers in re.findall(r"\b(vgicd_[a-z_]+)(?:\{([^}]*)\})?", expression):
        if metric not in known:
            wrong.append("%s: in %s" % (metric, expression))
            continue
        has = [dict(l) for _, l, _ in known[metric].samples]
        labels |= {l for sample in has for l in sample}
        for label, operator, value in re.findall(r'([a-z]+)(=~|!=|!~|=)"([^"]*)"', matchers or ""):
            if label in OWN_LABELS:
                continue
            if operator != "=" or value not in [sample.get(label) for sample in has]:
                wrong.append('%s has no %s="%s"' % (metric, label, value))
    for group in re.findall(r"\b(?:by|without) \(([^)]*)\)", expression):
        wrong.extend("nothing has %s: %s" % (label, expression)
                     for label in re.split(r", *", group) if label not in labels)


def dashboard_expressions(families):
    with open(source + "/contrib/metrics/vgicd-dashboard.json", encoding="utf-8") as file:
        dashboard = json.load(file)
    panels = [p for p in dashboard["panels"] if p["type"] != "row"]
    expressions = [t["expr"] for p in panels for t in p["targets"]] + \
        [a["expr"] for a in dashboard["annotations"]["list"]]
    wrong = ["no panel"] if not panels else []
    wrong += ["two panels %d" % p["id"] for p in panels
              if [q["id"] for q in dashboard["panels"]].count(p["id"]) > 1]
    places = set()
    for p in panels:
        grid = p["gridPos"]
        cells = {(x, y) for x in range(grid["x"], grid["x"] + grid["w"])
                 for y in range(grid["y"], grid["y"] + grid["h"])}
        if cells & places or grid["x"] + grid["w"] > 24:
            wrong.append("lies over another: " + p["title"])
        places |= cells
    for expression in expressions:
        check_expression(expression, families, wrong)
    for variable in dashboard["templating"]["list"]:
        if variable["type"] == "query":
            check_expression(variable["query"]["query"], families, wrong)
    point("the dashboard: each expression is of metrics that there are", wrong)
    return expressions


def alerts(families):
    """Return: the names of the alerts; None: cannot be read here."""
    name = "the alerts: each expression is of metrics that there are"
    try:
        import yaml
    except ImportError as error:
        skip(name, "python3-yaml is not installed (%s)" % error)
        return None
    with open(source + "/contrib/metrics/vgicd.rules.yml", encoding="utf-8") as file:
        rules = [r for group in yaml.safe_load(file)["groups"] for r in group["rules"]]
    wrong = ["no alert"] if not rules else []
    for rule in rules:
        if set(rule) - {"for"} != {"alert", "expr", "labels", "annotations"} or \
                set(rule["annotations"]) != {"summary", "description"} or \
                rule["labels"].get("severity") not in ("info", "warning", "critical"):
            wrong.append(rule)
        check_expression(rule["expr"], families, wrong)
    point(name, wrong)
    return [rule["alert"] for rule in rules]


def promtool(expressions):
    name = "promtool reads the alerts and the dashboard's expressions"
    program = shutil.which("promtool")
    if not program:
        skip(name, "promtool is not installed (Debian: prometheus)")
        return
    with tempfile.NamedTemporaryFile("w", suffix=".yml") as file:
        json.dump({"groups": [{"name": "dashboard", "rules": [
            {"record": "a:b%d" % i,
             "expr": e.replace("$__rate_interval", "5m").replace("$instance", ".*")}
            for i, e in enumerate(expressions)]}]}, file)
        file.flush()
        done = subprocess.run([program, "check", "rules", file.name,
                               source + "/contrib/metrics/vgicd.rules.yml"],
                              capture_output=True, text=True)
    point(name, [] if done.returncode == 0 else (done.stdout + done.stderr).split("\n"))


page = scrape()
families = read_page(page)
read_by_client(page, families)
with open(source + "/doc/operating.md", encoding="utf-8") as file:
    operating = file.read()
compare("doc/operating.md explains each metric, and no other",
        [documented_name(f) for f in families.values()],
        table(operating, "| metric | it is | what to do |"))
expressions = dashboard_expressions(families)
names = alerts(families)
if names is not None:
    compare("doc/operating.md explains each alert, and no other", names,
            table(operating, "| alert | it fires when | then |"))
promtool(expressions)
print("1..%d" % n_points)
sys.exit(n_failed > 0)
