"""The rules of the house: light imports, short files, docstrings, real assertions."""

import ast
import re
import tomllib
from pathlib import Path

import pytest
import yaml
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).resolve().parents[1]
LIBRARY = sorted((ROOT / "chapter2").rglob("*.py"))
BENCHMARKS = sorted((ROOT / "benchmarks").glob("*.py"))
TESTS = sorted((ROOT / "tests").rglob("test_*.py"))
HEAVY = ["torch", "transformers", "datasets", "matplotlib", "sklearn", "pandas"]
FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef)


def parsed(path):
    return ast.parse(path.read_text(encoding="utf-8"), filename=str(path))


def place(path, node):
    return f"{path.relative_to(ROOT)}:{node.lineno}"


@pytest.mark.parametrize("module", ["chapter2", "chapter2.cli", "chapter2.runtime"])
def test_importing_loads_nothing_heavy(module, words_of):
    code = f"import sys, {module}; print(*[m for m in {HEAVY} if m in sys.modules])"
    assert words_of(code) == []


def test_no_module_is_longer_than_300_lines():
    modules = [*LIBRARY, *BENCHMARKS]
    assert LIBRARY
    assert BENCHMARKS
    lengths = {p.relative_to(ROOT): len(p.read_text().splitlines()) for p in modules}
    assert {p: n for p, n in lengths.items() if n > 300} == {}


def code_lines(function):
    """Return the lines of a function, its docstring apart."""
    lines = function.end_lineno - function.lineno + 1
    if ast.get_docstring(function):
        words = function.body[0]
        lines -= words.end_lineno - words.lineno + 1
    return lines


def test_no_function_is_longer_than_40_lines():
    long = {
        f"{place(path, node)} {node.name}": code_lines(node)
        for path in LIBRARY
        for node in ast.walk(parsed(path))
        if isinstance(node, FUNCTIONS) and code_lines(node) > 40
    }
    assert long == {}


def public(tree):
    """Yield the module's public functions and classes and their public methods."""
    for node in tree.body:
        if isinstance(node, (*FUNCTIONS, ast.ClassDef)) and node.name[0] != "_":
            yield node
            if isinstance(node, ast.ClassDef):
                yield from public(node)


def test_every_public_thing_has_a_docstring():
    missing = [
        f"{place(path, node)} {node.name}"
        for path in LIBRARY
        for node in public(parsed(path))
        if not ast.get_docstring(node)
    ]
    missing += [str(p) for p in LIBRARY if not ast.get_docstring(parsed(p))]
    assert missing == []


def called(node):
    """Return the last name of what a call calls: raises, for pytest.raises."""
    function = node.func
    return getattr(function, "attr", getattr(function, "id", ""))


def asserts(node, helpers=()):
    for inner in ast.walk(node):
        if isinstance(inner, ast.Assert):
            return True
        if isinstance(inner, ast.Call):
            name = called(inner)
            if name in ("raises", "warns", "fail", *helpers) or name[:7] == "assert_":
                return True
    return False


def test_every_test_asserts_something():
    assert TESTS
    empty = []
    for path in TESTS:
        functions = [n for n in ast.walk(parsed(path)) if isinstance(n, FUNCTIONS)]
        helpers = [n.name for n in functions if n.name[:5] != "test_" and asserts(n)]
        empty += [
            f"{place(path, node)} {node.name}"
            for node in functions
            if node.name[:5] == "test_" and not asserts(node, helpers)
        ]
    assert empty == []


def test_no_error_is_swallowed():
    """No bare ``except``, and no ``except Exception`` that does nothing."""
    swallowed = []
    for path in [*LIBRARY, *TESTS]:
        for node in ast.walk(parsed(path)):
            if not isinstance(node, ast.ExceptHandler):
                continue
            idle = all(isinstance(line, ast.Pass) for line in node.body)
            kind = getattr(node.type, "id", None)
            if node.type is None or (idle and kind in ("Exception", "BaseException")):
                swallowed.append(place(path, node))
    assert swallowed == []


@pytest.fixture(scope="module")
def project():
    return tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]


@pytest.fixture(scope="module")
def constraints():
    """The pinned version of each package, by its normalised name."""
    lines = (ROOT / "constraints.txt").read_text().splitlines()
    pins = [line.split("#")[0].strip() for line in lines]
    parts = [pin.partition("==") for pin in pins if pin]
    assert all(version for _, _, version in parts)
    found = {canonicalize_name(name): version for name, _, version in parts}
    assert len(found) == len(parts)  # no package twice
    return found


def stated(project):
    extras = project["optional-dependencies"].values()
    wanted = [*project["dependencies"], *(line for extra in extras for line in extra)]
    requirements = [Requirement(line) for line in wanted]
    return [r for r in requirements if r.name != project["name"]]


def test_constraints_pin_every_dependency_inside_its_range(project, constraints):
    missing, outside = [], []
    for requirement in stated(project):
        version = constraints.get(canonicalize_name(requirement.name))
        if version is None:
            missing.append(requirement.name)
        elif not requirement.specifier.contains(version, prereleases=True):
            outside.append(f"{requirement} but {version}")
    assert (missing, outside) == ([], [])


def test_dependencies_are_ranges_not_pins(project):
    pins = {r.name for r in stated(project) if "==" in str(r.specifier)}
    # 1.3.0 draws a second, empty top bar
    assert pins <= {"sphinx-book-theme"}


def test_conda_environment_uses_the_same_versions(project, constraints):
    found = yaml.safe_load((ROOT / "environment.yml").read_text())["dependencies"]
    conda = [Requirement(line) for line in found if isinstance(line, str)]
    python = next(r for r in conda if r.name == "python")
    assert set(str(python.specifier).split(",")) == set(
        project["requires-python"].split(",")
    )
    by_pip = next(entry["pip"] for entry in found if isinstance(entry, dict))
    assert any(line.split() == ["-c", "constraints.txt"] for line in by_pip)
    for requirement in (Requirement(line) for line in by_pip if line[0] != "-"):
        version = constraints[canonicalize_name(requirement.name)]
        assert requirement.specifier.contains(version)


def test_the_readme_names_every_room_of_the_library():
    row = next(
        line
        for line in (ROOT / "README.md").read_text().splitlines()
        if line.startswith("| `chapter2/` |")
    )
    rooms = {path.parent.name for path in (ROOT / "chapter2").glob("*/__init__.py")}
    assert set(re.findall(r"`(\w+)`", row)) == rooms


def test_choosing_is_one_name_of_the_package_and_costs_nothing_before(words_of) -> None:
    code = (
        "import sys, chapter2\n"
        "before = 'numpy' in sys.modules\n"
        "print(before, chapter2.choose.__module__, hasattr(chapter2, 'chose'))"
    )
    assert words_of(code) == ["False", "chapter2.selection.choose", "False"]
