"""What an outage of a store left behind, at which byte it struck, and how it is told in the guide."""

from benchmarks.forwarder import Fuse
from benchmarks.store_writing import CHANGED, DOCUMENTS, REMOVED, Held, compared, write_documents
from docs.store_outage_tables import store_outage_tables

HELD = Held({"a": (1, b"A"), "b": (2, b"B"), "c": (3, b"C")}, {1: b"A", 2: b"B", 3: b"C"})


def test_an_index_with_other_rows_of_the_same_chunks_is_whole():
    found = Held({"c": (9, b"C"), "a": (7, b"A"), "b": (8, b"B")}, {7: b"A", 8: b"B", 9: b"C"})
    assert compared(HELD, found) == {"lost": 0, "too_many": 0, "other_vector": 0}


def test_what_is_lost_doubled_or_changed_in_the_catalogue_or_in_milvus_is_counted():
    found = Held(
        {"a": (1, b"A"), "b": (2, b"X"), "d": (4, b"D"), "e": (5, b"E")}, {1: b"Y", 2: b"X", 6: b"A"}, waiting=1
    )
    assert compared(HELD, found) == {
        "lost": 1 + 2,  # c of the index, and rows 4 and 5 of Milvus
        "too_many": 2 + 1 + 1,  # d and e, row 6, and one that is to go
        "other_vector": 1 + 1,  # b in the index, row 1 in Milvus
    }


def test_the_fuse_blows_once_behind_its_byte_in_its_direction():
    blown = []
    there, back = (Fuse(100, at_reply, lambda: blown.append(1)) for at_reply in (False, True))
    for fuse in (there, back):
        fuse.burn(100, is_reply=fuse.at_reply)
        fuse.burn(101, is_reply=not fuse.at_reply)
        assert blown == []
        fuse.burn(101, is_reply=fuse.at_reply)
        fuse.burn(102, is_reply=fuse.at_reply)
        assert (blown, fuse.is_blown) == ([1], True)
        blown.clear()


def test_the_second_edition_changes_some_documents_and_lacks_others(tmp_path):
    write_documents(tmp_path, edition=1)
    before = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    write_documents(tmp_path, edition=2)
    after = {path.name: path.read_text("utf-8") for path in tmp_path.iterdir()}
    assert (len(before), len(before.keys() - after.keys())) == (DOCUMENTS, REMOVED)
    assert sum(after[name] != before[name] for name in after) == CHANGED
    assert after["lighthouse-007.txt"] == "The lighthouse of Port 7 was lit on 8 May 1807.\n"


def test_each_kind_is_a_row():
    write = {"status": 1, "ended_s": 0.24, "again_status": 0, "lost": 0, "too_many": 0, "other_vector": 0}
    told = {"seconds": 10.01, "status": 503, "title": "Footnote can't do this now"}
    round_ = {"told": told, "others": [told | {"seconds": 0.02}], "not_ready_s": 10.2, "answered_again_s": 1.26}
    record = {
        "machine": {"cpu": "Some CPU", "cores": 2, "commit": "abc1234", "date": "2026-01-31"},
        "writing": {
            "chunks": 220,
            "said": "Done.",
            "it is killed": [write, write | {"status": 0, "lost": 2}],
            "it is cut": [write | {"status": 0}],
        },
        "asking": {"it is stopped": [round_, round_ | {"answered_again_s": 0.74}]},
    }
    assert [line for line in store_outage_tables(record).split("\n") if line and "---" not in line] == [
        "| in the middle of a write | the command went on to its end | or had ended after, s | "
        "the same command again | chunks then lost / doubled / with another vector |",
        "| it is killed | 1 of 2 | 0.2 / 0.2 | 2 of 2 whole | 2 / 0 / 0 |",
        "| it is cut | 1 of 1 | - | 1 of 1 whole | 0 / 0 / 0 |",
        "| while somebody asks | they are told | after, s | four others after, s | `/readyz` says so after, s | "
        "answered again after, s |",
        "| it is stopped | 503 Footnote can't do this now | 10.0 / 10.0 | 0.0 / 0.0 | 10.2 / 10.2 | 1.0 / 1.3 |",
        "Seconds: median / longest. 220 chunks. 2 cores (Some CPU), 2026-01-31, commit abc1234",
    ]
