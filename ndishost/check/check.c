/* SPDX-License-Identifier: MIT */
/* The command check-device; see check.h. */
#include "check/check.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>
#include "check/clauses.h"
#include "check/drive.h"
#include "check/inspect.h"
#include "exit_status.h"
#include "check/sha256.h"

static void heading(const struct drive *drive)
{
    char hash[SHA256_HEX] = "";

    sha256_file(drive->driver, hash);
    printf("device  %s\ndriver  %s, SHA-256 %.16s...\n", drive->facts->device, drive->driver, hash);
    fflush(stdout);
}

/* A real function whose interrupt Linux cannot lend is polled: Windows may still get its interrupt. */
static int inspect_or_poll(struct drive *drive)
{
    static char polled[64];

    if (!inspect_device(drive->bus, drive->findings, drive->facts))
        return 0;
    if (strncmp(drive->bus, "pci:", 4) || strchr(drive->bus, ','))
        return -1;
    printf("note    %s; the check uses no interrupt\n", drive->facts->error);
    snprintf(polled, sizeof(polled), "%.40s,poll", drive->bus);
    drive->bus = polled;
    *drive->facts->error = 0;
    return inspect_device(drive->bus, drive->findings, drive->facts);
}

static int check(struct drive *drive)
{
    struct facts *facts = drive->facts;

    if (access(drive->driver, R_OK)) {
        fprintf(stderr, "ndishost: check-device: %s: %s\n", drive->driver, strerror(errno));
        return EXIT_USAGE;
    }
    if (inspect_or_poll(drive)) {
        fprintf(stderr, "ndishost: check-device: %s\n", facts->error);
        return EXIT_USAGE;
    }
    heading(drive);
    if (!facts->ours) {
        findings_close(drive->findings, "it is not a virtio-net device");
    } else if (!facts->done) {
        clause_fail(drive->findings, "9.7", "%.150s", facts->error);
        findings_close(drive->findings, "the device hung");
    } else {
        drive_device(drive);
        findings_close(drive->findings, "an earlier step failed");
    }
    findings_print(drive->findings, stdout);
    fputs(drive->windows, stdout);
    findings_summary(drive->findings, stdout);
    return findings_failed(drive->findings) ? EXIT_FAILED : EXIT_FINE;
}

int check_device(const struct check_options *options)
{
    struct drive drive = {.bus = options->bus,
                          .driver = options->driver,
                          .link_seconds = options->link_seconds,
                          .progress = options->quiet ? NULL : stderr};
    void *facts =
        mmap(NULL, sizeof(struct facts), PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    int status;

    signal(SIGPIPE, SIG_IGN); /* a driver that crashes closes its pipes */
    drive.findings = findings_new();
    if (facts == MAP_FAILED || !drive.findings) {
        fprintf(stderr, "ndishost: check-device: out of memory\n");
        return EXIT_FAILED;
    }
    drive.facts = facts;
    status = check(&drive);
    findings_free(drive.findings);
    munmap(facts, sizeof(struct facts));
    return status;
}
