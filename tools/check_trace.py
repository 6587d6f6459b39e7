#!/usr/bin/env python3
"""Reads a Perfetto trace by Perfetto's own schema and holds it against the rules that its viewer needs.

usage: tools/check_trace.py FILE      needs the packages perfetto and protobuf of PyPI; ./dev check trace has them
Prints what is wrong, and ends with the line `N passed, N failed`.
"""

import sys
from collections import Counter, defaultdict

from perfetto.protos.perfetto.trace import perfetto_trace_pb2 as schema

EVENT = schema.TrackEvent


def unknown_fields(message, path="trace"):
    """Paths of the fields that the schema does not have."""
    from google.protobuf.unknown_fields import UnknownFieldSet

    found = [f"{path}.{field.field_number}" for field in UnknownFieldSet(message)]
    for descriptor, value in message.ListFields():
        if descriptor.type != descriptor.TYPE_MESSAGE:
            continue
        for one in value if descriptor.is_repeated else [value]:
            found += unknown_fields(one, f"{path}.{descriptor.name}")
    return found


class Checker:
    def __init__(self, trace):
        self.trace = trace
        self.wrong = []
        self.tracks = {}
        self.names = {}
        self.open = defaultdict(list)
        self.flows = {}
        self.flow_ends = {}
        self.count = Counter()

    def check(self):
        for path in sorted(set(unknown_fields(self.trace))):
            self.wrong.append(f"{path} is no field of the schema")
        for packet in self.trace.packet:
            self.packet(packet)
        for flow in self.flow_ends:
            if flow not in self.flows:
                self.wrong.append(f"flow {flow} ends and does not begin")
            elif self.flows[flow] > self.flow_ends[flow]:
                self.wrong.append(f"flow {flow} ends before it begins")
        for what in ("process", "thread", "slices", "counters", "flows"):
            if self.count[what] == 0:
                self.wrong.append(f"there are no {what}")

    def packet(self, packet):
        if packet.trusted_packet_sequence_id == 0:
            self.wrong.append("a packet belongs to no sequence")
        for entry in packet.interned_data.event_names:
            self.names[entry.iid] = entry.name
        if packet.HasField("track_descriptor"):
            self.track(packet.track_descriptor)
        if packet.HasField("track_event"):
            self.event(packet.track_event, packet.timestamp)

    def track(self, track):
        self.tracks[track.uuid] = track
        self.count["process"] += track.HasField("process")
        self.count["thread"] += track.HasField("thread")
        if track.parent_uuid and track.parent_uuid not in self.tracks:
            self.wrong.append(f"the parent of track {track.uuid} is not known")

    def event(self, event, when):
        track = self.tracks.get(event.track_uuid)
        if track is None:
            self.wrong.append(f"an event is on track {event.track_uuid}, which nobody has described")
            return
        if event.name_iid and event.name_iid not in self.names:
            self.wrong.append(f"name {event.name_iid} is not known")
        self.count["flows"] += len(event.flow_ids)
        for flow in event.flow_ids:
            self.flows[flow] = when
        for flow in event.terminating_flow_ids:
            self.flow_ends[flow] = when
        open_slices = self.open[event.track_uuid]
        if event.type == EVENT.TYPE_SLICE_BEGIN:
            open_slices.append(when)
            self.count["slices"] += 1
        elif event.type == EVENT.TYPE_SLICE_END:
            if not open_slices:
                self.wrong.append(f"a slice ends on track {track.name or track.thread.thread_name} that has not begun")
            elif open_slices.pop() > when:
                self.wrong.append("a slice ends before it begins")
        elif event.type == EVENT.TYPE_COUNTER:
            self.count["counters"] += 1
            if not track.HasField("counter") or not event.HasField("counter_value"):
                self.wrong.append("a counter has no value or is on another track")


def main(argv):
    if len(argv) != 1:
        print(__doc__)
        return 2
    trace = schema.Trace()
    with open(argv[0], "rb") as file:
        trace.ParseFromString(file.read())
    checker = Checker(trace)
    checker.check()
    for text in checker.wrong[:50]:
        print(f"error: {argv[0]}: {text}")
    print(f"{len(trace.packet)} packets, {len(checker.tracks)} tracks, {dict(checker.count)}")
    print(f"{0 if checker.wrong else 1} passed, {1 if checker.wrong else 0} failed")
    return 1 if checker.wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
