"""unittest, spoken as TAP (https://testanything.org), so that every test method is counted.

A test file ends with `tap.main()`; names given on the command line choose tests by substring.
"""
import sys
import time
import traceback
import unittest


class TapResult(unittest.TestResult):
    def __init__(self):
        super().__init__()
        self.count = 0
        self.failed = 0
        self.started = 0.0

    def startTest(self, test):
        super().startTest(test)
        self.started = time.monotonic()

    def line(self, verdict, test, directive="", error=None):
        self.count += 1
        name = test.id().removeprefix("__main__.").replace("#", "")
        took = "" if directive or not self.started else f" ({time.monotonic() - self.started:.1f} s)"
        print(f"{verdict} {self.count} - {name}{took}{directive}", flush=True)
        if error:
            self.failed += 1
            text = "".join(traceback.format_exception(*error))
            for note in text.rstrip().splitlines():
                print(f"# {note}", file=sys.stderr, flush=True)

    def addSuccess(self, test):
        self.line("ok", test)

    def addError(self, test, err):
        self.line("not ok", test, error=err)

    def addFailure(self, test, err):
        self.line("not ok", test, error=err)

    def addSubTest(self, test, subtest, err):
        if err:
            self.line("not ok", subtest, error=err)

    def addSkip(self, test, reason):
        self.line("ok", test, f" # SKIP {reason}")

    def addExpectedFailure(self, test, err):
        self.line("not ok", test, error=err)

    def addUnexpectedSuccess(self, test):
        self.line("ok", test)


def chosen(suite, names):
    for test in suite:
        if isinstance(test, unittest.TestSuite):
            yield from chosen(test, names)
        elif not names or any(name in test.id() for name in names):
            yield test


def main():
    everything = unittest.defaultTestLoader.loadTestsFromModule(sys.modules["__main__"])
    result = TapResult()
    unittest.TestSuite(chosen(everything, sys.argv[1:])).run(result)
    print(f"1..{result.count}")
    sys.exit(1 if result.failed or not result.count else 0)
