"""Finding a tree, listing and reading its files."""

from __future__ import annotations

from pathlib import Path

import pytest

from gfplint.errors import ConfigError, SourceError
from gfplint.kernel.tree import KernelTree
from tests.small_trees import write

FILES = {
    "Makefile": "# SPDX\nVERSION = 5\nPATCHLEVEL = 10\nSUBLEVEL = 7\nEXTRAVERSION = -rc2\nNAME = x\n",
    "include/linux/kernel.h": "int printk(void);\n",
    "mm/oom_kill.c": "int x;\n",
    "drivers/virtio/balloon.c": "int y;\n",
    "drivers/virtio/balloon.mod.c": "int generated;\n",
    "drivers/virtio/notes.txt": "no source\n",
    "drivers/virtio/.hidden/a.c": "int z;\n",
    "arch/x86/kernel/a.c": "",
    "arch/arm64/kernel/a.c": "",
    "tools/testing/t.c": "int main(void);\n",
}


@pytest.fixture
def kernel(tmp_path: Path) -> Path:
    return write(tmp_path / "linux", FILES)


@pytest.mark.parametrize("inside", ["", "drivers/virtio", "drivers/virtio/balloon.c", "include/linux"])
def test_the_root_is_found_from_anywhere_inside(kernel: Path, inside: str) -> None:
    tree = KernelTree.discover(kernel / inside)
    assert tree.root == kernel
    assert tree.is_kernel
    assert tree.version == (5, 10, 7)
    assert tree.version_text == "5.10.7-rc2"
    assert tree.arch == "x86"


def test_a_relative_path_works(kernel: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(kernel / "drivers")
    tree = KernelTree.discover(Path("virtio"))
    assert tree.root == kernel
    assert tree.relative(Path("virtio/balloon.c")) == "drivers/virtio/balloon.c"
    assert tree.relative(Path("..")) == ""


def test_a_folder_without_a_kernel_is_its_own_root(tmp_path: Path) -> None:
    driver = tmp_path / "driver"
    (driver / "tools").mkdir(parents=True)
    (driver / "a.c").write_text("")
    (driver / "tools" / "b.c").write_text("")
    (driver / "Makefile").write_text("VERSION = 1\nPATCHLEVEL = 2\n")  # a Makefile alone makes no kernel
    tree = KernelTree.discover(driver)
    assert not tree.is_kernel
    assert tree.version is None
    assert tree.version_text is None
    assert tree.c_files() == ["a.c", "tools/b.c"]
    assert KernelTree.discover(driver / "a.c").root == driver
    assert tree.index.functions("f") == ()


def test_files_that_belong(kernel: Path) -> None:
    tree = KernelTree.discover(kernel)
    assert tree.c_files() == [
        "arch/arm64/kernel/a.c",
        "arch/x86/kernel/a.c",
        "drivers/virtio/balloon.c",
        "mm/oom_kill.c",
    ]
    assert tree.c_files("drivers/") == ["drivers/virtio/balloon.c"]
    assert tree.c_files("drivers/virtio/balloon.c") == ["drivers/virtio/balloon.c"]
    assert tree.c_files("tools") == ["tools/testing/t.c"]
    assert tree.c_files("include") == []
    assert tree.c_files("no/such") == []


def test_links_are_not_followed(kernel: Path) -> None:
    (kernel / "drivers" / "again").symlink_to(kernel / "mm")
    (kernel / "drivers" / "loop").symlink_to(kernel)
    (kernel / "drivers" / "link.c").symlink_to(kernel / "mm" / "oom_kill.c")
    assert KernelTree.discover(kernel).c_files("drivers") == ["drivers/virtio/balloon.c"]


def test_a_root_reached_through_a_link(kernel: Path, tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(kernel)
    tree = KernelTree.discover(link / "mm")
    assert tree.relative(kernel / "mm" / "oom_kill.c") == "mm/oom_kill.c"


def test_reading(kernel: Path) -> None:
    tree = KernelTree.discover(kernel)
    assert tree.read("mm/oom_kill.c") == b"int x;\n"
    assert tree.exists("mm/oom_kill.c")
    assert not tree.exists("mm")
    assert not tree.exists("mm/none.c")
    with pytest.raises(SourceError, match=r"The file mm/none\.c can't be read: No such file"):
        tree.read("mm/none.c")
    with pytest.raises(SourceError, match="can't be read"):
        tree.read("mm")


def test_a_large_file_is_read_whole(kernel: Path) -> None:
    data = b"/* 0123456789 */\n" * 200_000
    (kernel / "mm" / "large.c").write_bytes(data)
    assert KernelTree.discover(kernel).read("mm/large.c") == data


def test_outside_the_tree(kernel: Path, tmp_path: Path) -> None:
    other = tmp_path / "linux-driver"
    other.mkdir()
    tree = KernelTree.discover(kernel)
    with pytest.raises(SourceError, match="is not inside the tree"):
        tree.relative(other)
    assert KernelTree.discover(other, kernel=kernel).relative(other) == "../linux-driver"


def test_a_given_root(kernel: Path, tmp_path: Path) -> None:
    assert KernelTree.discover(kernel / "mm", kernel=kernel).root == kernel
    with pytest.raises(SourceError, match="not the root of a kernel tree"):
        KernelTree.discover(kernel / "mm", kernel=kernel / "mm")
    with pytest.raises(SourceError, match="There is no file or folder"):
        KernelTree.discover(tmp_path / "none")


def test_architectures(kernel: Path) -> None:
    with pytest.raises(ConfigError, match="no architecture 'x68'; this tree has arm64, x86"):
        KernelTree.discover(kernel, arch="x68")
    tree = KernelTree.discover(kernel, arch="arm64")
    assert tree.config.enabled("CONFIG_ARM64")
    assert not tree.config.enabled("CONFIG_X86")
    assert tree.config_for("arch/x86/kernel/a.c").enabled("CONFIG_X86_64")
    assert tree.config_for("mm/oom_kill.c") is tree.config


def test_a_given_configuration_holds_everywhere(kernel: Path, tmp_path: Path) -> None:
    config = tmp_path / "config"
    config.write_text("CONFIG_X86=y\n# CONFIG_ARM64 is not set\n")
    tree = KernelTree.discover(kernel, kconfig=config)
    assert tree.config_for("arch/arm64/kernel/a.c") is tree.config
    with pytest.raises(ConfigError, match="can't be read"):
        KernelTree.discover(kernel, kconfig=tmp_path / "none")
