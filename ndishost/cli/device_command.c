/* SPDX-License-Identifier: MIT */
/* A program's calls on a device of the driver; see device_command.h. */
#include "cli/device_command.h"

#include <string.h>
#include "nt/api/device.h"
#include "nt/api/irp.h"

#define FILES_MAX    32
#define REQUESTS_MAX 64
#define BYTES_MAX    16384 /* that go in or out; twice as many digits fit a line and a reply */
#define WAIT_DEFAULT 30000 /* ms */
#define WAIT_MOST    86400000

static struct nt_file *files[FILES_MAX];
static struct {
    struct nt_request *request;
    struct nt_file *file;
} begun[REQUESTS_MAX];

/* By the name that a program's author knows, where it has one here. */
static void fail_status(struct reply *reply, NTSTATUS status)
{
    static const struct {
        NTSTATUS status;
        const char *name;
    } names[] = {
        {STATUS_PENDING, "STATUS_PENDING"},
        {STATUS_CANCELLED, "STATUS_CANCELLED"},
        {STATUS_OBJECT_NAME_NOT_FOUND, "STATUS_OBJECT_NAME_NOT_FOUND"},
        {STATUS_NO_SUCH_DEVICE, "STATUS_NO_SUCH_DEVICE"},
        {STATUS_ACCESS_DENIED, "STATUS_ACCESS_DENIED"},
        {STATUS_INVALID_DEVICE_REQUEST, "STATUS_INVALID_DEVICE_REQUEST"},
        {STATUS_INVALID_DEVICE_STATE, "STATUS_INVALID_DEVICE_STATE"},
        {STATUS_INVALID_PARAMETER, "STATUS_INVALID_PARAMETER"},
        {STATUS_BUFFER_TOO_SMALL, "STATUS_BUFFER_TOO_SMALL"},
        {STATUS_BUFFER_OVERFLOW, "STATUS_BUFFER_OVERFLOW"},
        {STATUS_INVALID_BUFFER_SIZE, "STATUS_INVALID_BUFFER_SIZE"},
        {STATUS_DEVICE_NOT_READY, "STATUS_DEVICE_NOT_READY"},
        {STATUS_NOT_SUPPORTED, "STATUS_NOT_SUPPORTED"},
        {STATUS_NOT_IMPLEMENTED, "STATUS_NOT_IMPLEMENTED"},
        {STATUS_INSUFFICIENT_RESOURCES, "STATUS_INSUFFICIENT_RESOURCES"},
        {STATUS_UNSUCCESSFUL, "STATUS_UNSUCCESSFUL"},
    };
    size_t i;

    for (i = 0; i < sizeof(names) / sizeof(names[0]) && names[i].status != status; i++)
        ;
    reply_fail(reply, "%s (0x%08X)",
               i < sizeof(names) / sizeof(names[0]) ? names[i].name : "status", (unsigned)status);
}

/* The file of that number, or NULL after a reply. */
static struct nt_file *file_of(char **arguments, struct reply *reply)
{
    unsigned long number;

    if (command_number(command_word(arguments), FILES_MAX, &number) && number && files[number - 1])
        return files[number - 1];
    reply_fail(reply, "device needs the number of a file that `device open` returned");
    return NULL;
}

static void open_file(char *arguments, struct reply *reply)
{
    char *name = command_word(&arguments);
    NTSTATUS status;
    unsigned i;

    for (i = 0; i < FILES_MAX && files[i]; i++)
        ;
    if (!name || i == FILES_MAX) {
        reply_fail(reply, "device open needs a name, and at most %d files", FILES_MAX);
        return;
    }
    status = nt_file_open(name, &files[i]);
    if (status != STATUS_SUCCESS)
        fail_status(reply, status);
    else
        reply_ok(reply, "%u", i + 1);
}

static void close_file(unsigned index)
{
    nt_file_close(files[index]);
    for (unsigned i = 0; i < REQUESTS_MAX; i++)
        if (begun[i].request && begun[i].file == files[index]) {
            nt_request_end(begun[i].request);
            begun[i].request = NULL;
        }
    files[index] = NULL;
}

/* What a request came to, which ends here. */
static void result(struct nt_request *request, bool write, struct reply *reply)
{
    const void *data = NULL;
    const uint8_t *bytes;
    size_t length = 0, used, i;
    NTSTATUS status = nt_request_result(request, &data, &length);

    if (status < 0 || status == STATUS_PENDING) {
        fail_status(reply, status);
    } else if (write) {
        reply_ok(reply, "%zu", length);
    } else {
        reply_ok(reply, "%s", "");
        used = strlen(reply->text);
        for (bytes = data, i = 0; bytes && i < length && used + 4 < sizeof(reply->text); i++)
            used +=
                (size_t)snprintf(reply->text + used, sizeof(reply->text) - used, "%02x", bytes[i]);
    }
    nt_request_end(request);
}

static void wait_for(const struct scenario *scenario, struct nt_request *request, unsigned long ms)
{
    uint64_t until = scenario_now_ms() + ms;

    while (!nt_request_wait(request, 1) && scenario_now_ms() < until && !scenario_over(scenario))
        scenario_follow(scenario);
    if (!nt_request_wait(request, 0))
        nt_request_cancel(request);
}

/* read FILE LENGTH | write FILE HEX | ioctl FILE CODE LENGTH [HEX]; NULL after a reply. */
static struct nt_request *begin(char *what, char **arguments, struct nt_file **file,
                                struct reply *reply)
{
    static uint8_t data[BYTES_MAX];
    unsigned major = !strcmp(what, "read")    ? IRP_MJ_READ
                     : !strcmp(what, "write") ? IRP_MJ_WRITE
                                              : IRP_MJ_DEVICE_CONTROL;
    unsigned long code = 0, room = 0;
    struct nt_request *request;
    int length = 0;

    if (!(*file = file_of(arguments, reply)))
        return NULL;
    if ((major == IRP_MJ_DEVICE_CONTROL &&
         !command_number(command_word(arguments), 0xFFFFFFFFul, &code)) ||
        (major != IRP_MJ_WRITE && !command_number(command_word(arguments), BYTES_MAX, &room)) ||
        (major != IRP_MJ_READ && (length = command_bytes(*arguments, data, sizeof(data))) < 0)) {
        reply_fail(reply, "device %s takes %s; at most %d bytes", what,
                   major == IRP_MJ_READ    ? "FILE LENGTH"
                   : major == IRP_MJ_WRITE ? "FILE HEX"
                                           : "FILE CODE LENGTH [HEX]",
                   BYTES_MAX);
        return NULL;
    }
    request = nt_request_begin(*file, major, (ULONG)code, data, (size_t)length, room);
    if (!request)
        reply_fail(reply, "out of memory");
    return request;
}

static void transfer(const struct scenario *scenario, char *what, char *arguments,
                     struct reply *reply)
{
    struct nt_file *file;
    struct nt_request *request = begin(what, &arguments, &file, reply);
    unsigned long ms = WAIT_DEFAULT;
    char *last;

    if (!request)
        return;
    if (!strcmp(what, "read") && (last = command_word(&arguments)) &&
        !command_number(last, WAIT_MOST, &ms))
        ms = 0;
    wait_for(scenario, request, ms);
    result(request, !strcmp(what, "write"), reply);
}

static void begin_later(char *arguments, struct reply *reply)
{
    char *what = command_word(&arguments);
    unsigned i;

    for (i = 0; i < REQUESTS_MAX && begun[i].request; i++)
        ;
    if (!what || (strcmp(what, "read") && strcmp(what, "ioctl")) || i == REQUESTS_MAX) {
        reply_fail(reply, "device begin takes read or ioctl, and at most %d requests",
                   REQUESTS_MAX);
        return;
    }
    begun[i].request = begin(what, &arguments, &begun[i].file, reply);
    if (begun[i].request)
        reply_ok(reply, "%u", i + 1);
}

static void end_later(const struct scenario *scenario, char *arguments, struct reply *reply)
{
    unsigned long number, ms = WAIT_DEFAULT;
    char *last;

    if (!command_number(command_word(&arguments), REQUESTS_MAX, &number) || !number ||
        !begun[number - 1].request ||
        ((last = command_word(&arguments)) && !command_number(last, WAIT_MOST, &ms))) {
        reply_fail(reply, "device end takes the number of a request, and a time in ms");
        return;
    }
    wait_for(scenario, begun[number - 1].request, ms);
    result(begun[number - 1].request, false, reply);
    begun[number - 1].request = NULL;
}

void device_command(const struct scenario *scenario, struct ndis_adapter *adapter, char *arguments,
                    struct reply *reply)
{
    char *what = command_word(&arguments), names[2048];
    struct nt_file *file;

    (void)adapter;
    if (!what)
        what = "";
    if (!strcmp(what, "list")) {
        nt_device_names(names, sizeof(names));
        reply_ok(reply, "%s", names);
    } else if (!strcmp(what, "open")) {
        open_file(arguments, reply);
    } else if (!strcmp(what, "close")) {
        if (!(file = file_of(&arguments, reply)))
            return;
        for (unsigned i = 0; i < FILES_MAX; i++)
            if (files[i] == file)
                close_file(i);
        reply_ok(reply, "%s", "");
    } else if (!strcmp(what, "read") || !strcmp(what, "write") || !strcmp(what, "ioctl")) {
        transfer(scenario, what, arguments, reply);
    } else if (!strcmp(what, "begin")) {
        begin_later(arguments, reply);
    } else if (!strcmp(what, "end")) {
        end_later(scenario, arguments, reply);
    } else {
        reply_fail(reply, "device takes list, open, close, read, write, ioctl, begin or end");
    }
}

void device_command_end(void)
{
    for (unsigned i = 0; i < FILES_MAX; i++)
        if (files[i])
            close_file(i);
}
