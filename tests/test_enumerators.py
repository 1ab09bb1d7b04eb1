"""Enumerators that macros write: their names, values and what is unknown behind what cannot be read."""

from __future__ import annotations

from pathlib import Path

import pytest

from gfplint.program.constants import Constants
from tests.small_trees import SmallTree

FILES = {
    "drivers/x/list.h": """
#define CODES() \\
	x(ENOMEM, no_memory) \\
	x(CODE_no_memory, no_stripe)

enum code {
	CODE_START = 2048,
#define x(class, name) CODE_##name,
	CODES()
#undef x
	CODE_MAX
};

#define x(name, nr) KIND_##name = nr,
enum kind {
	CODE_KINDS()
	KIND_NR
};
#undef x
#define CODE_KINDS() x(root, 0) x(leaf, 7)

#define FLAGS() x(dirty) x(clean)
enum { __NODE_START = 3,
#define x(flag) __NODE_##flag,
	FLAGS()
#undef x
};
enum {
#define x(flag) NODE_##flag = 1U << __NODE_##flag,
	FLAGS()
#undef x
};
""",
    "drivers/x/other.h": """
#define BIT_OF(name) __##name##_BIT, name = (1U << __##name##_BIT), __##name##_SEQ = __##name##_BIT
#define EACH_ZONE(xx) xx##_NORMAL, HIGH(xx) xx##_MOVABLE
#define HIGH(xx)
#define PAIR FIRST, SECOND
""",
    "include/linux/used.h": """
enum { BIT_OF(STATE_DIRTY), BIT_OF(STATE_LOCKED), };
enum event { PGIN, EACH_ZONE(PGALLOC), EACH_ZONE(STALL), PGFREE };
enum broken { BEFORE = 5, NOBODY_KNOWS(A), BEHIND, SET = 9, AFTER };
enum { ATTRIBUTED __attribute__((unused)), DEPRECATED __maybe_unused = 6, LAST };
struct two { enum { INNER_A = 3 } a; enum { INNER_B = 4, INNER_C } b; };
enum far { FAR = OUTSIDE, FAR_1, FAR_2, FAR_3, FAR_4, FAR_5, FAR_6, FAR_7, FAR_8, FAR_9, FAR_10, FAR_11,
	FAR_12, FAR_13, FAR_14, FAR_15, FAR_16, FAR_17, FAR_18 };
#define OUTSIDE 100
""",
    "drivers/x/own.c": """
#define PAIR FIRST, SECOND
enum { ZERO, PAIR, THIRD };
""",
    "drivers/x/user.c": "int f(void) { return CODE_no_stripe; }\n",
}


@pytest.fixture(scope="module")
def constants(tmp_path_factory: pytest.TempPathFactory) -> Constants:
    root: Path = tmp_path_factory.mktemp("enumerators")
    return Constants(SmallTree(root, FILES).program)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CODE_START", 2048),
        ("CODE_no_memory", 2049),
        ("CODE_no_stripe", 2050),
        ("CODE_MAX", 2051),
        ("CODE_nothing", None),
        # The list is defined behind its use here: nobody knows what the enumeration has.
        ("KIND_root", None),
        ("KIND_NR", None),
        ("__NODE_clean", 5),
        ("NODE_dirty", 16),
        ("NODE_clean", 32),
        ("STATE_DIRTY", 1),
        ("STATE_LOCKED", 2),
        ("PGALLOC_MOVABLE", 2),
        ("STALL_NORMAL", 3),
        ("PGFREE", 5),
        ("BEFORE", 5),
        ("BEHIND", None),
        ("SET", 9),
        ("AFTER", 10),
        ("INNER_B", 4),
        ("INNER_C", 5),
        ("FAR_18", 118),
    ],
)
def test_another_file_asks(constants: Constants, name: str, value: int | None) -> None:
    assert constants.value(name, "drivers/x/user.c") == value


@pytest.mark.parametrize(("name", "value"), [("ATTRIBUTED", 0), ("DEPRECATED", 6), ("LAST", 7)])
def test_attributes(constants: Constants, name: str, value: int) -> None:
    assert constants.value(name, "include/linux/used.h") == value


def test_an_object_like_macro_of_the_own_file(constants: Constants) -> None:
    values = [constants.value(name, "drivers/x/own.c") for name in ("ZERO", "FIRST", "SECOND", "THIRD")]
    assert values == [0, 1, 2, 3]
