#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""1c_KernelCalls: the driver imports only what an NDIS miniport may call. Of NDIS these are the library
functions that the documentation gives to miniport drivers. Of the kernel they are registers, memory, strings,
two clocks, and what the macros of ndis.h for spin locks call. tools/pecheck checks the rest of the image."""
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "../lib"))
sys.path.insert(0, os.path.join(HERE, "../../tools"))
import ndishost as host
import peimage
from job import Job

job = Job(__file__, __doc__)

# Of NDIS.SYS: NdisM* are a miniport's own, without those of intermediate and connection-oriented
# drivers; the others are the library's for every driver.
PREFIXES = ("NdisM", "NdisAllocate", "NdisFree", "NdisInitialize", "NdisGetCurrent", "NdisGetSystem")
FORBIDDEN = ("NdisMCo", "NdisMCm", "NdisMWan", "NdisAllocateCloneOidRequest", "NdisFreeCloneOidRequest",
             "NdisAllocateCloneNetBufferList", "NdisFreeCloneNetBufferList",
             "NdisAllocateReassembledNetBufferList", "NdisAllocateFragmentNetBufferList")
LIBRARY = set("""
    NdisAcquireSpinLock NdisReleaseSpinLock NdisDprAcquireSpinLock NdisDprReleaseSpinLock
    NdisAcquireRWLockRead NdisAcquireRWLockWrite NdisReleaseRWLock NdisInterlockedIncrement
    NdisInterlockedDecrement NdisSetEvent NdisResetEvent NdisWaitEvent NdisStallExecution
    NdisOpenConfigurationEx NdisOpenConfigurationKeyByIndex NdisOpenConfigurationKeyByName
    NdisCloseConfiguration NdisReadConfiguration NdisReadNetworkAddress NdisWriteConfiguration
    NdisInitUnicodeString NdisInitializeString NdisEqualString NdisUnicodeStringToAnsiString
    NdisAnsiStringToUnicodeString NdisUpcaseUnicodeString NdisWriteErrorLogEntry
    NdisWriteEventLogEntry NdisSetTimerObject NdisCancelTimerObject NdisQueueIoWorkItem
    NdisGetDataBuffer NdisCopyFromNetBufferToNetBuffer NdisAdvanceNetBufferDataStart
    NdisRetreatNetBufferDataStart NdisCurrentProcessorIndex NdisCurrentGroupAndProcessor
    NdisGroupMaxProcessorCount NdisSetOptionalHandlers NdisRegisterDeviceEx NdisDeregisterDeviceEx
    NdisGetVersion NdisGetRssProcessorInformation NdisGetSharedDataAlignment NdisQueryMdlSafe
""".split())
KERNEL = ("READ_REGISTER_", "WRITE_REGISTER_", "READ_PORT_", "WRITE_PORT_", "Rtl", "mem", "KeMemoryBarrier",
          "_all", "_aull", "__chkstk", "_chkstk", "__C_specific_handler",
          "KeQueryPerformanceCounter", "KeQuerySystemTime",  # for an address that differs
          "KfRaiseIrql", "KfLowerIrql")  # NDIS_RAISE_IRQL_TO_DISPATCH, NDIS_LOWER_IRQL on x86
# What NdisAcquireSpinLock, NdisDprAcquireSpinLock and their releases, which the WDK's ndis.h has as
# macros, call: the first four on x64, the others on x86.
SPIN_LOCKS = set("""
    KeAcquireSpinLockRaiseToDpc KeReleaseSpinLock KeAcquireSpinLockAtDpcLevel KeReleaseSpinLockFromDpcLevel
    KfAcquireSpinLock KfReleaseSpinLock KefAcquireSpinLockAtDpcLevel KefReleaseSpinLockFromDpcLevel
""".split())


# Of a miniport with a device for programs (NdisRegisterDeviceEx): it completes their requests.
REQUESTS = ("IoCsq", "IofCompleteRequest", "IoCompleteRequest")


def allowed(found, device):
    if device and found.name.startswith(REQUESTS):
        return True
    if found.dll.upper() == "NDIS.SYS":
        return found.name in LIBRARY or (found.name.startswith(PREFIXES) and
                                         not found.name.startswith(FORBIDDEN))
    return found.name in SPIN_LOCKS or found.name.startswith(KERNEL)


@job.check("imports")
def imports(machine):
    for arch in host.HOSTS:
        with open(host.driver(arch), "rb") as file:
            found = list(peimage.Image(file.read()).imports())
        device = not machine.own and any(one.name == "NdisRegisterDeviceEx" for one in found)
        machine.expect(len(found) > 20 or not machine.own, "%s imports only %d functions" % (arch, len(found)))
        for one in found:
            machine.expect(one.name and allowed(one, device), "%s: %s of %s is not a miniport's to call" %
                           (arch, one.name or "ordinal %s" % one.ordinal, one.dll))


@job.check("what Windows 7 would load")
def loads(machine):
    for arch in host.HOSTS:
        # Windows loads a driver without a version resource, too. Symbols are aerovnet's package's to have.
        options = [] if machine.own else ["--unversioned", "--stripped"]
        done = subprocess.run([sys.executable, "-B", os.path.join(host.ROOT, "tools/pecheck"), *options, host.driver(arch)],
                              capture_output=True, text=True, check=False)
        machine.expect(done.returncode == 0, "%s: %s" % (arch, (done.stdout + done.stderr).strip()))


if __name__ == "__main__":
    job.main()
