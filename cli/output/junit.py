"""The report of `gavel test` as JUnit XML, which CI systems show."""

from collections.abc import Iterable
from pathlib import Path
from xml.etree import ElementTree

from app.domain.redaction import safe
from app.errors import GavelError
from app.yaml.problems import FileError
from workers.rules.simulation.timeline import Report
from workers.rules.simulation.timeline_text import problems_of, story


class CannotWriteReport(GavelError):
    """The report can not be written there: name another FILE."""


def write_junit(file: str, played: Iterable[tuple[str, Report | FileError]]) -> None:
    """A suite for each file of tests; one that can not be played is an error of its own. Raises
    CannotWriteReport."""
    suites = ElementTree.Element("testsuites")
    for path, one in played:
        suites.append(_broken(path, one) if isinstance(one, FileError) else _suite(one))
    text = ElementTree.tostring(suites, encoding="unicode", xml_declaration=False)
    try:
        Path(file).write_text(f'<?xml version="1.0" encoding="utf-8"?>\n{text}\n', "utf-8")
    except OSError as error:
        raise CannotWriteReport(f"{file} can not be written: {error.strerror}") from None


def _suite(report: Report) -> ElementTree.Element:
    failed = sum(not result.passed for result in report.results)
    suite = _counted(report.path, len(report.results), failures=failed)
    for result in report.results:
        case = ElementTree.SubElement(
            suite, "testcase", classname=safe(report.path), name=safe(result.case.name)
        )
        if not result.passed:
            problems = [safe(line) for line in problems_of(report.path, result)]
            told = "\n".join((*problems, *map(safe, story(result))))
            ElementTree.SubElement(case, "failure", message=problems[0]).text = told
    return suite


def _broken(path: str, error: FileError) -> ElementTree.Element:
    suite = _counted(path, 1, errors=1)
    case = ElementTree.SubElement(suite, "testcase", classname=safe(path), name="the file")
    lines = [safe(str(problem)) for problem in error.problems]
    ElementTree.SubElement(case, "error", message=lines[0]).text = "\n".join(lines)
    return suite


def _counted(path: str, tests: int, failures: int = 0, errors: int = 0) -> ElementTree.Element:
    counts = {"tests": tests, "failures": failures, "errors": errors}
    attributes = {name: str(count) for name, count in counts.items()}
    return ElementTree.Element("testsuite", {"name": safe(path), **attributes})
