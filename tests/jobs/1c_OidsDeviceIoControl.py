#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""1c_OidsDeviceIoControl: what IOCTL_NDIS_QUERY_GLOBAL_STATS comes to: statistics queries of every
OID, listed or not, with buffers of every length. NDIS answers none of these for the miniport here."""
import os
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../lib"))
import oids
from job import Job

job = Job(__file__, __doc__)


@job.test("the supported list", buses=("model",))
def listed(machine):
    with machine.session() as session:
        names = oids.supported(session)
        machine.same("the list that the miniport gave NDIS, and its own",
                     session.oid("stats", "OID_GEN_SUPPORTED_LIST", oids.ASK).data,
                     session.oid("query", "OID_GEN_SUPPORTED_LIST", oids.ASK).data)
        for name in sorted(oids.MANDATORY_QUERY | oids.MANDATORY_SET):
            machine.expect(name in names, "%s is mandatory, and not on the list" % name)
        machine.same("OIDs that are listed twice", len(names) - len(set(names)), 0)
    session.run.clean()


@job.test("every OID of the list answers, whatever the buffer's length")
def answers(machine):
    with machine.session() as session:
        for name in oids.answer(machine, session, "stats"):
            settable = session.oid("set", name, b"").status not in oids.REFUSED
            machine.expect(settable, "%s is listed, and neither answers nor is set" % name)
    session.run.clean()


@job.test("an OID that is not listed is not supported")
def others(machine):
    with machine.session() as session:
        oids.not_supported(machine, session, ("stats",))
        for number in (0, 1, 0x7FFFFFFF, 0x80000000, 0xFF000000, 0xFF41564D, 0xFFFFFFFF):
            machine.same("0x%08X" % number, session.oid("stats", "0x%08X" % number).status,
                         "NOT_SUPPORTED")
    session.run.clean()


if __name__ == "__main__":
    job.main()
