"""Folders in which something is made: a kill leaves them, the next who makes something there removes them."""

import os
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from indexer.ray_cluster import FOLDER
from indexer.work_folders import made_beside, made_in, packed, remove_leftovers

ROOT = Path(__file__).parents[2]
KILLED = """
import os, signal, sys
from pathlib import Path
from indexer.work_folders import made_beside, packed
with made_beside(Path(sys.argv[1])) as folder:
    (folder / "text").write_text("of documents")
    packed(folder).write_text("of documents")
    os.kill(os.getpid(), signal.SIGKILL)
"""


@pytest.fixture
def left(tmp_path):
    """A folder in which a process was killed while it made something."""
    done = subprocess.run([sys.executable, "-c", KILLED, str(tmp_path / "one.zip")], cwd=ROOT, check=False)
    assert done.returncode < 0
    assert len(list(tmp_path.iterdir())) == 2
    return tmp_path


def test_what_a_kill_left_goes_when_anything_is_made_there_again(left):
    with made_beside(left / "another.zip") as folder:
        assert list(left.iterdir()) == [folder]
        assert folder.stat().st_mode & 0o777 == 0o700
    assert list(left.iterdir()) == []


def test_what_is_being_made_stays(tmp_path):
    with made_beside(tmp_path / "x") as one, made_beside(tmp_path / "x") as other:
        packed(one).touch()
        remove_leftovers(tmp_path)
        assert set(tmp_path.iterdir()) == {one, other, packed(one)}
    assert list(tmp_path.iterdir()) == []


def test_folders_of_others_and_links_stay(left, tmp_path_factory):
    elsewhere = tmp_path_factory.mktemp("elsewhere")
    (elsewhere / "file").touch()
    (left / ".footnote-link.part").symlink_to(elsewhere)
    (left / ".other.abcdefgh.part").mkdir()
    remove_leftovers(left)
    assert {path.name for path in left.iterdir()} == {".footnote-link.part", ".other.abcdefgh.part"}
    assert (elsewhere / "file").exists()


def test_many_who_make_something_at_once_take_nothing_from_each_other(tmp_path):
    wrong = []

    def make():
        for _ in range(50):
            with made_beside(tmp_path / "x") as folder:
                (folder / "file").touch()
                os.sched_yield()
                if not (folder / "file").exists():
                    wrong.append(folder)

    threads = [threading.Thread(target=make) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert list(tmp_path.iterdir()) == []


KILLED_IN = """
import os, signal, sys
from pathlib import Path
from indexer.work_folders import made_in
with made_in(Path(sys.argv[1]), sys.argv[2]) as folder:
    (folder / "ray").mkdir()
    os.kill(os.getpid(), signal.SIGKILL)
"""


def test_what_a_killed_ray_left_goes_at_the_next_start_and_what_is_alive_or_not_ours_stays(tmp_path):
    subprocess.run([sys.executable, "-c", KILLED_IN, str(tmp_path), FOLDER], cwd=ROOT, check=False)
    (left,) = tmp_path.iterdir()
    assert left.name.startswith(f"footnote-ray-{os.getuid()}-")
    assert (left / "ray").is_dir()
    others = {tmp_path / f"footnote-ray-{os.getuid()}0-abcdefgh", tmp_path / "footnote-ray-abcdefgh"}
    for folder in others:
        folder.mkdir()
    with made_in(tmp_path, FOLDER) as one, made_in(tmp_path, FOLDER) as other:
        assert set(tmp_path.iterdir()) == {one, other, *others}
        assert one.stat().st_mode & 0o777 == 0o700
    assert set(tmp_path.iterdir()) == others
