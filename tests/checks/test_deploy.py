"""What deploy/ holds is right: the unit, the alerts, the dashboard, the manual page."""
import json
import os
import pathlib
import re
import shutil
import subprocess
import tempfile
import unittest

from parley_e2e import tap

ROOT = pathlib.Path(__file__).parents[2]
DEPLOY = ROOT / "deploy"
PROMTOOL = shutil.which("promtool") or shutil.which("promtool", path=ROOT / "build/tools")
NAME = re.compile(r"\b((?:parley|process)_[a-z0-9_]+)\b(?!=)")


def exported():
    """Every series name that /metrics may show, from the table and the page's own figures."""
    table = (ROOT / "src/telemetry/metrics.def.h").read_text()
    page = (ROOT / "src/telemetry/page.c").read_text()
    names = set(re.findall(r'"((?:process|parley)_[a-z_]+)"', table + page))
    for family in re.findall(r'HISTOGRAM_\w+,\s*"(\w+)"', table):
        names |= {family + "_bucket", family + "_sum", family + "_count"}
    return names


def expressions(value):
    """Every PromQL text in a JSON document."""
    if isinstance(value, dict):
        for key, inner in value.items():
            if key in ("expr", "query", "definition") and isinstance(inner, str):
                yield inner
            else:
                yield from expressions(inner)
    elif isinstance(value, list):
        for inner in value:
            yield from expressions(inner)


class Metrics(unittest.TestCase):
    def known(self, text):
        names = set(NAME.findall(text))
        self.assertEqual(names - exported(), set(), "no such metric")
        return names

    def test_the_table_is_read(self):
        self.assertIn("parley_ack_seconds_bucket", exported())
        self.assertIn("process_open_fds", exported())

    def test_the_dashboard_names_only_what_is_exported(self):
        dashboard = json.loads((DEPLOY / "grafana/parley.json").read_text())
        used = self.known("\n".join(expressions(dashboard)))
        self.assertGreater(len(used), 25)

    def test_the_dashboard_shows_every_family(self):
        text = (DEPLOY / "grafana/parley.json").read_text()
        table = (ROOT / "src/telemetry/metrics.def.h").read_text()
        for family in set(re.findall(r'"(parley_\w+)"', table)):
            self.assertIn(family, text)

    def test_the_alerts_name_only_what_is_exported(self):
        alerts = (DEPLOY / "prometheus/alerts.yml").read_text()
        self.known("\n".join(line for line in alerts.splitlines() if "summary" not in line))

    def test_every_alert_is_in_the_manual(self):
        manual = (ROOT / "docs/operations.md").read_text()
        for alert in re.findall(r"alert: (\w+)", (DEPLOY / "prometheus/alerts.yml").read_text()):
            self.assertIn(alert, manual)

    @unittest.skipUnless(PROMTOOL, "promtool is not here")
    def test_the_alerts_fire_when_they_should(self):
        for command in (["check", "rules", DEPLOY / "prometheus/alerts.yml"],
                        ["test", "rules", ROOT / "tests/checks/alerts_test.yml"]):
            done = subprocess.run([PROMTOOL, *command], capture_output=True, text=True)
            self.assertEqual(done.returncode, 0, done.stdout + done.stderr)


class Cluster(unittest.TestCase):
    def check(self, **given):
        clean = {k: v for k, v in os.environ.items() if not k.startswith("PARLEY_")}
        return subprocess.run([os.environ["PARLEY_BIN"], "serve", "--check", "--config",
                               DEPLOY / "cluster.yaml"], env={**clean, **given},
                              capture_output=True, text=True, timeout=30)

    def test_the_example_is_accepted(self):
        done = self.check(ACCESS_JWT_SECRET="s" * 64, POSTGRES_PASSWORD="p")
        self.assertEqual(done.returncode, 0, done.stderr)
        self.assertEqual(done.stderr, "")
        self.assertRegex(done.stdout, r"engine: cluster\b")
        self.assertNotIn("s" * 64, done.stdout)

    def test_the_example_needs_a_secret(self):
        done = self.check(POSTGRES_PASSWORD="p")
        self.assertEqual(done.returncode, 1)
        self.assertIn("ACCESS_JWT_SECRET", done.stderr)


class Unit(unittest.TestCase):
    def analyze(self, *verb):
        if not shutil.which("systemd-analyze"):
            self.skipTest("systemd is not here")
        with tempfile.TemporaryDirectory() as folder:
            unit = pathlib.Path(folder) / "parley.service"
            text = (DEPLOY / "parley.service").read_text()
            # The program need not be installed for this.
            unit.write_text(text.replace("@PREFIX@/bin/parley", "/bin/true"))
            return subprocess.run(["systemd-analyze", *verb, unit], capture_output=True, text=True)

    def test_systemd_understands_it(self):
        done = self.analyze("verify", "--man=no")
        self.assertNotIn("parley.service:", done.stderr)
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_its_exposure(self):
        done = self.analyze("security", "--offline=yes", "--threshold=20", "--no-pager")
        self.assertEqual(done.returncode, 0, done.stdout[-600:] + done.stderr)


class Manual(unittest.TestCase):
    def test_it_names_every_command(self):
        page = (DEPLOY / "parley.1").read_text()
        commands = re.findall(r'^    {"(\w+)", cli_', (ROOT / "src/cli/main.c").read_text(), re.M)
        self.assertGreater(len(commands), 5)
        for command in commands:
            self.assertIn(f".It Cm {command}", page)

    def test_every_log_event_is_explained(self):
        manual = (ROOT / "docs/operations.md").read_text()
        pattern = re.compile(r'log_(?:event|note)\(\s*LOG_(INFO|WARN|ERROR),\s*"([^"]+)"')
        count = 0
        for source in (ROOT / "src").rglob("*.c"):
            for level, event in pattern.findall(source.read_text()):
                count += 1
                self.assertIn(f"| {event} | {level.lower()} |", manual, source)
        self.assertGreater(count, 5)

    def test_every_mechanism_is_in_the_index(self):
        index = (ROOT / "docs/internals/README.md").read_text()
        for page in (ROOT / "docs/internals").glob("*.md"):
            if page.name != "README.md":
                self.assertIn(f"({page.name})", index)

    def test_every_relative_link_leads_somewhere(self):
        documents = [*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")]
        self.assertGreater(len(documents), 5)
        for document in documents:
            for target in re.findall(r"\]\(([^)#\s]+)", document.read_text()):
                if not re.match(r"[a-z]+:", target):
                    self.assertTrue((document.parent / target).exists(), f"{document}: {target}")


if __name__ == "__main__":
    tap.main()
