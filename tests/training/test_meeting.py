"""Processes that meet: they mean the same or say who differs, and hear of a death at once.

Threads stand for the processes, and no framework is needed.
"""

from __future__ import annotations

import contextlib
import random
import socket
import threading

import pytest

from sketchrnn.drawing import BadSettingError, SketchRNNError
from sketchrnn.training import meeting as module
from sketchrnn.training import wire
from sketchrnn.training.cluster import Place, find_place
from sketchrnn.training.meeting import Meeting
from sketchrnn.training.team import join


def free_port():
    """Return a port below those that the system lends to connections of other programs."""
    for port in random.SystemRandom().sample(range(10_000, 30_000), 100):
        with contextlib.suppress(OSError), socket.create_server(("127.0.0.1", port)):
            return port
    raise AssertionError("a hundred ports are taken")


class Gathering:
    """Several meetings in threads, each with what came of it."""

    def __init__(self, count, facts, patience=20.0, absent=()):
        self.port = free_port()
        self.results = {}
        self.meetings = {}
        self.losses = {number: [] for number in range(count)}
        self.lost = {number: threading.Event() for number in range(count)}
        self._facts = facts
        self._patience = patience
        threads = [
            threading.Thread(target=self._go, args=(number, count))
            for number in range(count)
            if number not in absent
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _go(self, number, count):
        def lose(line):
            self.losses[number].append(line)
            self.lost[number].set()

        try:
            place = Place("127.0.0.1", self.port, count, number)
            meeting = Meeting(place, patience=self._patience, on_loss=lose, host=f"node{number}")
            self.meetings[number] = meeting
            facts = self._facts(number)
            if isinstance(facts, str):
                self.results[number] = meeting.agree(None, facts)
            else:
                self.results[number] = meeting.agree(facts)
        except SketchRNNError as error:
            self.results[number] = str(error)

    def close(self):
        for meeting in self.meetings.values():
            meeting.close()


@pytest.fixture
def gather():
    made = []

    def gather(*arguments, **settings):
        made.append(Gathering(*arguments, **settings))
        return made[-1]

    yield gather
    for gathering in made:
        gathering.close()


SAME = {"versions": {"jax": "1"}, "data": {"fingerprint": "f"}, "settings": {"seed": 0, "a": 1.5}}


def test_those_who_mean_the_same_begin(gather):
    gathering = gather(3, lambda number: SAME)
    assert [len(gathering.results[k]) for k in range(3)] == [2, 2, 2]
    for meeting in gathering.meetings.values():
        assert meeting.hosts == ["node0", "node1", "node2"]


@pytest.mark.parametrize(
    ("topic", "changed", "complaint"),
    [
        ("versions", {"jax": "2"}, "differ in their versions: jax 2 and 1"),
        ("versions", {"jax": "1", "jax-cuda12-plugin": "1"}, "jax-cuda12-plugin 1 and none"),
        ("data", {"fingerprint": "g"}, "differ in their data: fingerprint g and f"),
        ("settings", {"seed": 1, "a": 1.25}, "differ in their settings: seed 1 and 0, a 1.25 and"),
    ],
)
def test_who_differs_is_named_on_every_host(gather, topic, changed, complaint):
    gathering = gather(3, lambda number: {**SAME, topic: changed} if number == 2 else SAME)
    assert len(set(gathering.results.values())) == 1
    line = gathering.results[0]
    assert line.startswith("process 2 (node2) and process 0 (node0) differ in their ")
    assert complaint in line


def test_who_cannot_begin_stops_the_others_with_the_reason(gather):
    gathering = gather(3, lambda number: "all.h5: no such data file" if number == 1 else SAME)
    assert gathering.results[1] == "all.h5: no such data file"
    for number in (0, 2):
        line = gathering.results[number]
        assert line == "process 1 (node1) cannot begin: all.h5: no such data file"


def test_the_first_that_cannot_begin_stops_the_others_too(gather):
    gathering = gather(2, lambda number: SAME if number else "the disk is full")
    assert gathering.results[1] == "process 0 (node0) cannot begin: the disk is full"


def test_who_is_missing_is_named(gather):
    gathering = gather(4, lambda number: SAME, patience=1.0, absent=(1, 3))
    for number in (0, 2):
        assert "2 of 4 processes came to 127.0.0.1:" in gathering.results[number]
        assert "within 1 s; missing: 1, 3" in gathering.results[number]


def test_a_coordinator_that_is_not_there_is_named_by_its_address():
    port = free_port()
    with pytest.raises(SketchRNNError, match=rf"nobody answers at 127\.0\.0\.1:{port}, where"):
        Meeting(Place("127.0.0.1", port, 2, 1), patience=0.2)


def test_a_port_that_is_taken_is_refused():
    with socket.create_server(("127.0.0.1", 0)) as taken:
        place = Place("127.0.0.1", taken.getsockname()[1], 2, 0)
        with pytest.raises(SketchRNNError, match="process 0 cannot listen at 127"):
            Meeting(place)


def test_a_process_that_comes_twice_is_sent_away():
    port = free_port()
    first = Meeting(Place("127.0.0.1", port, 3, 0), patience=20, host="a")
    known = threading.Event()
    told = first._take

    def take(line, hello):
        known.set()
        told(line, hello)

    first._take = take
    one = Meeting(Place("127.0.0.1", port, 3, 1), patience=20, host="b")
    assert known.wait(20)
    while 1 not in first._lines:  # the thread that lets it in is at it
        pass
    again = Meeting(Place("127.0.0.1", port, 3, 1), patience=20, host="c")
    with pytest.raises(SketchRNNError, match="process 1 is there twice: on b and c"):
        again.agree(SAME)
    for meeting in (first, one, again):
        meeting.close()


def test_strangers_change_nothing(gather, monkeypatch):
    port = free_port()
    first = Meeting(Place("127.0.0.1", port, 2, 0), patience=20, on_loss=lambda line: None)
    for data in (b"GET / HTTP/1.0\r\n\r\n", b"[" * 100_000 + b"\n", b'{"sketchrnn": 9}\n'):
        with socket.create_connection(("127.0.0.1", port)) as stranger:
            stranger.sendall(data)
            stranger.settimeout(20)
            while stranger.recv(1000):
                pass
    other = Meeting(Place("127.0.0.1", port, 2, 1), patience=20, on_loss=lambda line: None)
    thread = threading.Thread(target=other.agree, args=(SAME,))
    thread.start()
    assert first.agree(SAME)
    thread.join()
    first.close()
    other.close()


@pytest.mark.parametrize("victim", [0, 2])
def test_a_death_is_told_to_all_others_in_one_line(gather, victim):
    gathering = gather(3, lambda number: SAME)
    for line in gathering.meetings[victim]._lines.values():
        gathering.meetings[victim]._over.set()  # the dead hear nothing
        line.close()
    for number in {0, 1, 2} - {victim}:
        assert gathering.lost[number].wait(20)
        assert gathering.losses[number] == [
            f"process {victim} (node{victim}) is gone, so the run stops; go on with the same "
            "commands and --resume"
        ]


def test_silence_counts_as_death(gather, monkeypatch):
    monkeypatch.setattr(module, "SILENCE", 0.3)
    monkeypatch.setattr(module, "BEAT", 1000.0)
    gathering = gather(2, lambda number: SAME)
    assert gathering.lost[0].wait(20)
    assert "process 1 (node1) has been silent for 0 s" in gathering.losses[0][0]


def test_who_fails_tells_the_others_why(gather):
    gathering = gather(3, lambda number: SAME)
    gathering.meetings[1].fail("a.h5: the steps\nare damaged")
    for number in (0, 2):
        assert gathering.lost[number].wait(20)
        (line,) = gathering.losses[number]
        assert line.startswith("process 1 (node1) stopped (a.h5: the steps are damaged), so the")
    assert not gathering.losses[1]


def test_parting_in_peace_is_no_loss(gather):
    gathering = gather(3, lambda number: SAME)
    threads = [threading.Thread(target=m.part) for m in gathering.meetings.values()]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    gathering.close()
    assert not any(gathering.losses.values())


def test_bytes_are_relayed_both_ways_and_the_near_side_stays(gather):
    """As JAX's service is reached: a relay whose far side has died is silent, and not closed."""
    gathering = gather(2, lambda number: SAME)
    inside = gathering.results[0][0].rpartition(":")[2]
    with pytest.raises(OSError):  # the port is kept for the service
        socket.create_server(("127.0.0.1", int(inside)))
    with socket.create_server(("127.0.0.1", int(inside)), reuse_port=True) as service:
        near = gathering.results[1][0].rpartition(":")[2]
        with socket.create_connection(("127.0.0.1", int(near))) as client:
            client.sendall(b"question")
            service.settimeout(20)
            served, _ = service.accept()
            assert served.recv(100) == b"question"
            served.sendall(b"answer")
            client.settimeout(20)
            assert client.recv(100) == b"answer"
            served.close()
            client.settimeout(0.2)
            with pytest.raises(TimeoutError):
                client.recv(100)


def test_a_line_that_is_too_long_ends_the_connection():
    one, other = socket.socketpair()
    line = wire.Line(one)
    writer = wire.start(lambda: wire.Line(other).send(much="x" * (wire.LONGEST + 100_000)))
    assert line.read(20) is None
    line.close()
    writer.join(20)
    other.close()


SLURM = {
    "SLURM_JOB_ID": "4711",
    "SLURM_STEP_NODELIST": "gpu[007-015,20],big3",
    "SLURM_NTASKS": "8",
    "SLURM_PROCID": "3",
}
MPI = {"OMPI_COMM_WORLD_SIZE": "4", "OMPI_COMM_WORLD_RANK": "1"}


@pytest.mark.parametrize(
    ("environment", "place"),
    [
        (SLURM, ("gpu007", 24711, 8, 3)),
        ({**SLURM, "SLURM_STEP_NODELIST": "login-2"}, ("login-2", 24711, 8, 3)),
        ({**SLURM, "SLURM_STEP_NODELIST": "a7,a9"}, ("a7", 24711, 8, 3)),
        (
            {**MPI, "OMPI_MCA_orte_hnp_uri": "1531576320.0;tcp://10.96.0.1,10.148.0.1:34911"},
            ("10.96.0.1", 33920, 4, 1),
        ),
        (
            {**MPI, "OMPI_MCA_orte_hnp_uri": "1314521088.0;tcp6://[fe80::b9b,2620::2]:43370"},
            ("fe80::b9b", 20928, 4, 1),
        ),
    ],
)
def test_a_cluster_tells_everything(environment, place):
    assert find_place(environment) == Place(*place)


def test_kubernetes_tells_all_but_the_number_of_processes():
    environment = {"JOB_COMPLETION_INDEX": "12"}
    place = find_place(
        environment, processes=16, full_name=lambda: "train-12.train.default.svc.cluster.local"
    )
    assert place == Place("train-0.train.default.svc.cluster.local", 29400, 16, 12)
    with pytest.raises(BadSettingError, match=r"Kubernetes tells where .* give --processes N"):
        find_place(environment, full_name=lambda: "train-12.train")
    with pytest.raises(BadSettingError, match="give --coordinator HOST:PORT --processes N"):
        find_place(environment, full_name=lambda: "train-12")  # a pod without a service


def test_what_is_given_goes_before_what_is_found():
    place = find_place(SLURM, coordinator="[::1]:5000", processes=9, number=8)
    assert place == Place("::1", 5000, 9, 8)
    assert str(place) == "[::1]:5000"
    assert find_place({}, coordinator="node1", processes=2, number=0).port == 29400


@pytest.mark.parametrize(
    ("given", "complaint"),
    [
        ({}, "neither SLURM, Open MPI nor Kubernetes tells"),
        ({"coordinator": "a:1", "processes": 2}, "give --process-id I$"),
        ({"coordinator": "a:b", "processes": 2, "number": 0}, "the coordinator is 'a:b', and must"),
        ({"coordinator": ":70", "processes": 2, "number": 0}, "must be a host and a port"),
        ({"coordinator": "a:70000", "processes": 2, "number": 0}, "must be a host and a port"),
        ({"coordinator": "a", "processes": 2, "number": 2}, "process 2 of 2 cannot be"),
        ({"coordinator": "a", "processes": 0, "number": 0}, "there are 0 processes, and may be"),
    ],
)
def test_a_place_that_makes_no_sense_is_refused(given, complaint):
    with pytest.raises(BadSettingError, match=complaint):
        find_place({}, **given)


def test_numbers_of_a_launcher_that_are_none_are_refused():
    with pytest.raises(BadSettingError, match="processes is 'many', and must be a whole number"):
        find_place({**SLURM, "SLURM_NTASKS": "many"})


def test_teams_that_differ_part_with_the_line_that_says_so(monkeypatch):
    monkeypatch.setattr("sketchrnn.model.backend.load_backend", lambda: "jax")
    port, said = free_port(), {}

    def go(number):
        place = Place("127.0.0.1", port, 2, number)
        try:
            with join(place, patience=20, on_loss=lambda line: None) as team:
                team.begin({"settings": {"seed": number}}, 8)
        except Exception as error:
            said[number] = error

    threads = [threading.Thread(target=go, args=(number,)) for number in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for number in range(2):
        assert isinstance(said[number], SketchRNNError), said
        assert "differ in their settings: seed 1 and 0" in str(said[number])
