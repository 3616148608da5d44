"""Runs a unittest module and tells Bazel of each of its cases, so that they count one by one."""

import os
import sys
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


def main():
    program = unittest.main(exit=False, testRunner=unittest.TextTestRunner(resultclass=_Result, verbosity=2))
    path = os.environ.get("XML_OUTPUT_FILE")
    if path:
        suites = ElementTree.Element("testsuites")
        suites.append(program.result.suite)
        ElementTree.ElementTree(suites).write(path, encoding="utf-8", xml_declaration=True)
    sys.exit(not program.result.wasSuccessful())
