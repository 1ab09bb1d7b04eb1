"""Which arms of #if a configuration chooses."""

from __future__ import annotations

import contextlib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from gfplint.errors import ConfigError
from gfplint.kernel.condition import ConditionError, evaluate
from gfplint.kernel.kconfig import ARCHITECTURES, Config


def nothing(name: str) -> bool | None:
    return None


ALL = Config(version=(6, 12, 5))


@pytest.mark.parametrize(
    ("directive", "chosen"),
    [
        ("if 0", False),
        ("if 1", True),
        ("else", True),
        ("elif 0", False),
        ("ifdef CONFIG_ANYTHING", True),
        ("ifndef CONFIG_ANYTHING", False),
        ("ifdef  CONFIG_PREEMPT_RT ", False),
        ("ifdef CONFIG_X_MODULE", False),
        ("ifdef CONFIG_MODULES", True),
        ("if defined(CONFIG_A) && !defined(CONFIG_B)", False),
        ("if defined CONFIG_A || defined (UNKNOWN)", True),
        ("if defined(CONFIG_X86_32)", False),
        ("if IS_ENABLED(CONFIG_A) && IS_BUILTIN(CONFIG_A) && !IS_MODULE(CONFIG_A)", True),
        ("if CONFIG_PGTABLE_LEVELS > 3", True),
        ("if CONFIG_PREEMPT_RT", False),
        ("ifdef __KERNEL__", True),
        ("ifndef __ASSEMBLY__", True),
        ("ifdef __CHECKER__", False),
        ("ifdef MODULE", False),
        ("ifdef WHATEVER", False),
        ("if WHATEVER", False),
        ("if WHATEVER >= 3", False),
        ("elifdef CONFIG_A", True),
        ("elifndef CONFIG_A", False),
        ("if BITS_PER_LONG == 64", True),
        ("if LINUX_VERSION_CODE >= KERNEL_VERSION(6, 12, 0)", True),
        ("if LINUX_VERSION_CODE < KERNEL_VERSION(4,4,0)", False),
        ("if (CONFIG_A)", True),
        ("if(0)", False),
        ("if !(0)", True),
        ("if 0x10u == 16UL && 'a' == 97 && 010 == 8", True),
        ("if UNKNOWN(a, (b))", False),
        # What makes no sense: the first arm wins.
        ("if", True),
        ("if (", True),
        ("if 1 / 0", True),
        ("if 1 << 9999999999", True),
        ("if @", True),
        ("if defined(", True),
        ("if " + "(" * 10_000, True),
        ("if " + "!" * 10_000 + "1", True),
        ("", True),
    ],
)
def test_everything_on(directive: str, chosen: bool) -> None:
    assert ALL.decide(directive, nothing) is chosen


def test_the_caller_knows_other_names() -> None:
    known = {"A": True, "B": False, "__KERNEL__": False}.get
    assert ALL.decide("ifdef A", known)
    assert ALL.decide("if A", known)
    assert not ALL.decide("ifdef B", known)
    assert ALL.decide("ifndef __KERNEL__", known)
    assert not ALL.decide("ifdef C", known)
    # Options aren't its business.
    assert ALL.decide("ifdef CONFIG_A", {"CONFIG_A": False}.get)


@pytest.mark.parametrize("arch", ["x86", "arm64", "powerpc", "s390"])
def test_only_one_architecture_is_on(arch: str) -> None:
    config = Config(arch=arch)
    names = {"x86": "X86", "arm64": "ARM64", "powerpc": "PPC", "s390": "S390"}
    assert [folder for folder, name in names.items() if config.enabled(f"CONFIG_{name}")] == [arch]
    assert config.enabled("CONFIG_ARM_AMBA"), "a driver's option, by its name an architecture's"


def test_every_architecture_has_a_pattern_of_its_own() -> None:
    assert len(set(ARCHITECTURES.values())) == len(ARCHITECTURES)


def test_a_configuration_file(tmp_path: Path) -> None:
    path = tmp_path / ".config"
    path.write_text(
        'CONFIG_A=y\nCONFIG_B=m\n# CONFIG_C is not set\nCONFIG_N=0x3\nCONFIG_S="text"\nCONFIG_OFF=n\n'
    )
    config = Config.from_file(path)
    assert [config.enabled(f"CONFIG_{name}") for name in ("A", "B", "C", "N", "S", "OFF")] == [
        True,
        True,
        False,
        True,
        True,
        False,
    ]
    assert config.builtin("CONFIG_A")
    assert not config.builtin("CONFIG_B")
    assert config.module("CONFIG_B")
    assert not config.module("CONFIG_A")
    assert config.decide("ifdef CONFIG_B_MODULE", nothing)
    assert not config.decide("ifdef CONFIG_B", nothing), "m defines CONFIG_B_MODULE only"
    assert config.decide("if IS_ENABLED(CONFIG_B) && !IS_BUILTIN(CONFIG_B) && IS_MODULE(CONFIG_B)", nothing)
    assert config.decide("if CONFIG_N == 3 && defined(CONFIG_S)", nothing)
    assert not config.decide("if CONFIG_C || CONFIG_OFF", nothing)
    assert config.decide("if CONFIG_A", nothing)


def test_no_configuration_file(tmp_path: Path) -> None:
    path = tmp_path / "README"
    path.write_text("hello\n")
    with pytest.raises(ConfigError, match="no kernel configuration"):
        Config.from_file(path)
    with pytest.raises(ConfigError, match="can't be read"):
        Config.from_file(tmp_path)


NUMBERS = st.integers(0, 60)
EXPRESSIONS = st.recursive(
    NUMBERS.map(str),
    lambda inner: st.one_of(
        inner.map(lambda text: f"({text})"),
        inner.map(lambda text: f"~{text}"),
        inner.map(lambda text: f"- {text}"),
        st.tuples(inner, st.sampled_from(["+", "-", "*", "|", "&", "^"]), inner).map(" ".join),
    ),
    max_leaves=12,
)


@given(EXPRESSIONS)
def test_arithmetic_is_that_of_python(text: str) -> None:
    # Among these operators C and Python agree on precedence and value.
    assert evaluate(text, lambda name: False, lambda name: None, lambda name, arguments: None) == eval(text)


@given(EXPRESSIONS, EXPRESSIONS)
def test_comparisons_and_logic(left: str, right: str) -> None:
    def value(text: str) -> int:
        return evaluate(text, lambda name: False, lambda name: None, lambda name, arguments: None)

    a, b = eval(left), eval(right)
    assert value(f"({left}) < ({right})") == (a < b)
    assert value(f"({left}) == ({right}) || ({left}) != ({right})") == 1
    assert value(f"({left}) && ({right})") == bool(a and b)
    assert value(f"({left}) ? 1 : ({right})") == (1 if a else b)
    # && binds tighter than ||, comparisons tighter than both, bitwise operators looser than comparisons.
    assert value("1 || 0 && 0") == 1
    assert value("2 & 2 == 2") == 0
    assert value("1 << 2 + 1") == 8
    assert value("-7 / 2") == -3
    assert value("-7 % 2") == -1


@given(st.text(max_size=40))
def test_any_text_is_decided(text: str) -> None:
    assert ALL.decide("if " + text, nothing) in (True, False)
    with contextlib.suppress(ConditionError):
        evaluate(text, lambda name: True, lambda name: 1, lambda name, arguments: 1)
