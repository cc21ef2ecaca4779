/* SPDX-License-Identifier: MIT */
/*
 * The capture file: classic pcap with nanoseconds, Ethernet. Frames go into one of two buffers
 * while a thread writes the other one out: when it is full, and once per second. So a DPC does not wait
 * for a disk.
 */
#include "net/net.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#define BUFFER_BYTES  (1u << 20)
#define MAGIC_NS      0xA1B23C4Du
#define LINK_ETHERNET 1
#define SNAP_LENGTH   65535

struct file_header {
    uint32_t magic;
    uint16_t major, minor;
    int32_t zone;
    uint32_t accuracy, snap_length, link_type;
};

struct frame_header {
    uint32_t seconds, nanoseconds, captured, length;
};

_Static_assert(sizeof(struct file_header) == 24 && sizeof(struct frame_header) == 16,
               "as the file has them");

struct buffer {
    size_t used;
    uint8_t bytes[BUFFER_BYTES];
};

struct pcap {
    int fd; /* only the writing thread uses it, and create and close while there is none */
    char *path;
    pthread_t writer;
    pthread_mutex_t lock;
    pthread_cond_t full; /* the writer has something to do at once */
    pthread_cond_t room; /* the writer has emptied a buffer */
    /* Guarded by lock. */
    struct buffer *filling, *writing; /* `writing` belongs to the writer while it is not empty */
    bool swap;                        /* `filling` is full */
    bool closing;
    int error; /* errno of the first write that failed: nothing is kept after it */
};

/* ---- Writing out ---- */

static int write_all(int fd, const uint8_t *bytes, size_t length)
{
    while (length) {
        ssize_t written = write(fd, bytes, length);

        if (written < 0 && errno == EINTR)
            continue;
        if (written <= 0)
            return written ? errno : EIO;
        bytes += written;
        length -= (size_t)written;
    }
    return 0;
}

static void wait_a_second(struct pcap *pcap)
{
    struct timespec until;

    clock_gettime(CLOCK_MONOTONIC, &until);
    until.tv_sec++;
    while (!pcap->swap && !pcap->closing) {
        if (pthread_cond_timedwait(&pcap->full, &pcap->lock, &until))
            break;
    }
}

/* Lock held on entry and return, not during the write. */
static void write_out(struct pcap *pcap)
{
    struct buffer *buffer = pcap->filling;
    int error;

    pcap->filling = pcap->writing;
    pcap->writing = buffer;
    pcap->swap = false;
    pthread_cond_broadcast(&pcap->room);
    pthread_mutex_unlock(&pcap->lock);
    error = write_all(pcap->fd, buffer->bytes, buffer->used);
    if (error)
        fprintf(stderr, "pcap: cannot write %s: %s; the capture ends here\n", pcap->path,
                strerror(error));
    pthread_mutex_lock(&pcap->lock);
    buffer->used = 0;
    if (error) {
        pcap->error = error;
        pcap->swap = false;
        pthread_cond_broadcast(&pcap->room);
    }
}

static void *writer_thread(void *argument)
{
    struct pcap *pcap = argument;
    bool last = false;

    pthread_mutex_lock(&pcap->lock);
    while (!last) {
        wait_a_second(pcap);
        last = pcap->closing;
        if (!pcap->error && pcap->filling->used)
            write_out(pcap);
    }
    pthread_mutex_unlock(&pcap->lock);
    return NULL;
}

/* ---- Taking frames ---- */

static void append(struct buffer *buffer, const void *bytes, size_t length)
{
    memcpy(buffer->bytes + buffer->used, bytes, length);
    buffer->used += length;
}

void pcap_frame(struct pcap *pcap, const void *frame, size_t length)
{
    struct frame_header header = {.captured =
                                      (uint32_t)(length < SNAP_LENGTH ? length : SNAP_LENGTH),
                                  .length = (uint32_t)length};
    struct timespec now;

    pthread_mutex_lock(&pcap->lock);
    while (!pcap->error && !pcap->closing &&
           BUFFER_BYTES - pcap->filling->used < sizeof header + header.captured) {
        pcap->swap = true;
        pthread_cond_signal(&pcap->full);
        pthread_cond_wait(&pcap->room, &pcap->lock);
    }
    if (!pcap->error && !pcap->closing) {
        /* Under the lock, so that stamps rise through the file. */
        clock_gettime(CLOCK_REALTIME, &now);
        header.seconds = (uint32_t)now.tv_sec;
        header.nanoseconds = (uint32_t)now.tv_nsec;
        append(pcap->filling, &header, sizeof header);
        append(pcap->filling, frame, header.captured);
    }
    pthread_mutex_unlock(&pcap->lock);
}

/* ---- Life ---- */

static void pcap_free(struct pcap *pcap)
{
    if (pcap->fd >= 0)
        close(pcap->fd);
    free(pcap->filling);
    free(pcap->writing);
    free(pcap->path);
    free(pcap);
}

static void init_locks(struct pcap *pcap)
{
    pthread_condattr_t attributes;

    pthread_mutex_init(&pcap->lock, NULL);
    pthread_condattr_init(&attributes);
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    pthread_cond_init(&pcap->full, &attributes);
    pthread_cond_init(&pcap->room, &attributes);
    pthread_condattr_destroy(&attributes);
}

static void destroy_locks(struct pcap *pcap)
{
    pthread_cond_destroy(&pcap->room);
    pthread_cond_destroy(&pcap->full);
    pthread_mutex_destroy(&pcap->lock);
}

/* The header is written at once, so that a file that cannot be written is known before the run. */
static int begin_file(struct pcap *pcap)
{
    const struct file_header header = {.magic = MAGIC_NS,
                                       .major = 2,
                                       .minor = 4,
                                       .snap_length = SNAP_LENGTH,
                                       .link_type = LINK_ETHERNET};

    pcap->fd = open(pcap->path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0644);
    if (pcap->fd < 0)
        return errno;
    return write_all(pcap->fd, (const uint8_t *)&header, sizeof header);
}

struct pcap *pcap_create(const char *path, char *error, size_t error_size)
{
    struct pcap *pcap = calloc(1, sizeof *pcap);
    int result = ENOMEM;

    if (pcap) {
        pcap->fd = -1;
        pcap->path = strdup(path);
        pcap->filling = malloc(sizeof *pcap->filling);
        pcap->writing = malloc(sizeof *pcap->writing);
        if (pcap->path && pcap->filling && pcap->writing) {
            pcap->filling->used = pcap->writing->used = 0;
            result = begin_file(pcap);
        }
    }
    if (!result) {
        init_locks(pcap);
        result = pthread_create(&pcap->writer, NULL, writer_thread, pcap);
        if (result)
            destroy_locks(pcap);
    }
    if (result) {
        snprintf(error, error_size, "pcap: cannot write %s: %s", path, strerror(result));
        if (pcap)
            pcap_free(pcap);
        return NULL;
    }
    return pcap;
}

int pcap_end(struct pcap *pcap)
{
    pthread_mutex_lock(&pcap->lock);
    pcap->closing = true;
    pthread_cond_signal(&pcap->full);
    pthread_cond_broadcast(&pcap->room);
    pthread_mutex_unlock(&pcap->lock);
    if (pcap->fd >= 0) {
        pthread_join(pcap->writer, NULL);
        if (close(pcap->fd) && !pcap->error) {
            pcap->error = errno;
            fprintf(stderr, "pcap: cannot write %s: %s; the capture is incomplete\n", pcap->path,
                    strerror(pcap->error));
        }
        pcap->fd = -1;
    }
    return pcap->error ? -1 : 0;
}

int pcap_close(struct pcap *pcap)
{
    int result = pcap_end(pcap);

    destroy_locks(pcap);
    pcap_free(pcap);
    return result;
}
