"""Runs a unittest module and tells Bazel of each of its cases, so that they count one by one."""

import os
import sys
import tempfile
import traceback
import unittest
import xml.etree.ElementTree as ElementTree


class _Result(unittest.TextTestResult):
    def __init__(self, *arguments):
        super().__init__(*arguments)
        self.suite = ElementTree.Element("testsuite", name=os.path.basename(sys.argv[0]))
        self.case = None

    def startTest(self, test):
        super().startTest(test)
        self.case = ElementTree.SubElement(self.suite, "testcase", name=test.id(), classname=type(test).__name__)

    def _note(self, kind, text):
        if self.case is None:  # a fixture of the whole class
            self.case = ElementTree.SubElement(self.suite, "testcase", name="fixture")
        ElementTree.SubElement(self.case, kind).text = text

    def addError(self, test, err):
        super().addError(test, err)
        self._note("error", self._exc_info_to_string(err, test))

    def addFailure(self, test, err):
        super().addFailure(test, err)
        self._note("failure", self._exc_info_to_string(err, test))

    def addSkip(self, test, reason):
        super().addSkip(test, reason)
        self._note("skipped", reason)


class _Part(unittest.TestProgram):
    """Runs each `parts`th case, from the `part`th on. Leaves its report in `path`, if there is one."""

    def __init__(self, part, parts, path):
        self._part, self._parts, self._path = part, parts, path
        super().__init__(exit=False, testRunner=unittest.TextTestRunner(resultclass=_Result, verbosity=2))

    def runTests(self):
        self.test = unittest.TestSuite(list(_cases(self.test))[self._part :: self._parts])
        super().runTests()
        if self._path:
            suites = ElementTree.Element("testsuites")
            suites.append(self.result.suite)
            ElementTree.ElementTree(suites).write(self._path, encoding="utf-8", xml_declaration=True)


def _cases(suite):
    for test in suite:
        yield from _cases(test) if isinstance(test, unittest.TestSuite) else [test]


def main(beside=1):
    """`beside`: that many cases run at once, each in a process of its own. For cases that wait rather than work."""
    path = os.environ.get("XML_OUTPUT_FILE")
    if beside == 1:
        sys.exit(not _Part(0, 1, path).result.wasSuccessful())
    with tempfile.TemporaryDirectory() as folder:
        sys.exit(_run_beside(beside, folder, path))


def _run_beside(parts, folder, path):
    """Returns 0 if all have passed."""
    children = []
    for part in range(parts):
        pid = os.fork()
        if pid == 0:
            _be_part(part, parts, folder)
        children.append(pid)
    failed = [os.waitpid(pid, 0)[1] != 0 for pid in children]
    suites = ElementTree.Element("testsuites")
    for part in range(parts):
        with open(f"{folder}/{part}.log", errors="replace") as log:
            sys.stderr.write(log.read())
        if os.path.exists(f"{folder}/{part}.xml"):
            suites.extend(ElementTree.parse(f"{folder}/{part}.xml").getroot())
    if path:
        ElementTree.ElementTree(suites).write(path, encoding="utf-8", xml_declaration=True)
    return int(any(failed))


def _be_part(part, parts, folder):
    """Ends the process."""
    passed = False
    try:
        with open(f"{folder}/{part}.log", "w") as log:
            os.dup2(log.fileno(), 1)
            os.dup2(log.fileno(), 2)
        passed = _Part(part, parts, f"{folder}/{part}.xml").result.wasSuccessful()
    except BaseException:
        traceback.print_exc()
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(not passed)
