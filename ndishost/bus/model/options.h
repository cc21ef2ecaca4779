/* SPDX-License-Identifier: MIT */
/*
 * options.h: the options after `model:`, as numbers.
 *   if (!model_options_parse(&options, "queue_size=16,features=-status", error, size)) ...
 */
#ifndef NDISHOST_MODEL_OPTIONS_H
#define NDISHOST_MODEL_OPTIONS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where the structures are in the BARs: LAYOUT(identifier, name, description) */
#define LAYOUTS(LAYOUT)                                                                       \
    LAYOUT(PAGES, "pages", "each structure has a page in BAR `bar`, as in QEMU (default)")    \
    LAYOUT(DENSE, "dense", "all are in one page without gaps, the ISR status at an odd byte") \
    LAYOUT(SPREAD, "spread", "each has its own BAR: notify 2, device 3, ISR 4, common 5")     \
    LAYOUT(HIGH, "high", "they are 64 KiB apart, none at offset 0")
#define LAYOUT_ENUM(id, name, text) LAYOUT_##id,
enum layout_kind { LAYOUTS(LAYOUT_ENUM) LAYOUT_COUNT };

/* Oddities of the capabilities: CAPS(identifier, name, description) */
#define CAPS_ODDITIES(CAPS)                                                               \
    CAPS(NONE, "none", "there is no virtio capability: a legacy device")                  \
    CAPS(NO_LIST, "no_list", "the capability list's bit in the status register is clear") \
    CAPS(NO_COMMON, "no_common", "there is no common configuration")                      \
    CAPS(NO_NOTIFY, "no_notify", "there is no notification structure")                    \
    CAPS(NO_ISR, "no_isr", "there is no ISR status")                                      \
    CAPS(NO_DEVICE, "no_device", "there is no device configuration")                      \
    CAPS(IO_NOTIFY, "io_notify",                                                          \
         "a notification structure in an I/O BAR comes before the one in memory")         \
    CAPS(IO_ONLY, "io_only", "the only notification structure is in an I/O BAR")          \
    CAPS(RESERVED, "reserved",                                                            \
         "capabilities with a reserved type or BAR come before the valid ones")           \
    CAPS(ABSENT_BAR, "absent_bar", "the common configuration's BAR is not implemented")   \
    CAPS(SHORT_BAR, "short_bar", "the BAR ends before the last structure")                \
    CAPS(SHORT_COMMON, "short_common", "the common configuration is 32 bytes long")       \
    CAPS(SHORT_DEVICE, "short_device", "the device configuration is 4 bytes long")        \
    CAPS(LONG, "long", "the capabilities are 8 bytes longer than necessary")              \
    CAPS(TWICE, "twice", "a second, unusable set comes after the valid capabilities")     \
    CAPS(LOOP, "loop", "the last capability points back to the first")                    \
    CAPS(OUTSIDE, "outside", "the last capability points into the header")
#define CAPS_ENUM(id, name, text) CAPS_##id,
enum caps_oddity { CAPS_ODDITIES(CAPS_ENUM) CAPS_COUNT };

/* When the device moves frames: by itself, or at a step alone (bus.h). LOCKSTEP_BUSY: it never asks for a
 * notification, as a device that has always something to do. */
enum lockstep { LOCKSTEP_OFF, LOCKSTEP_IDLE, LOCKSTEP_BUSY };

#define MSIX_VECTORS_MAX 32u
#define PAIRS_MAX        8u

#define REVISION_DEFAULT 256u
struct options {
    uint32_t rx_queue_size, tx_queue_size, ctrl_queue_size;
    unsigned pairs;  /* max_virtqueue_pairs, with MQ; else 1 */
    unsigned queues; /* that there are, whatever is negotiated */
    uint64_t features;
    uint8_t mac[6];
    bool mac_given;
    uint16_t mtu;
    uint32_t speed; /* Mbit/s */
    unsigned bar;
    bool io;     /* the structures are in I/O space */
    bool modern; /* 1AF4:1041 revision 1, which has no legacy interface; otherwise 1AF4:1000 */
    bool legacy; /* an I/O BAR 0 with the legacy interface, where `bar` leaves room for it */
    bool above_4g;
    enum layout_kind layout;
    uint32_t caps; /* 1 << enum caps_oddity */
    uint32_t notify_multiplier;
    unsigned vectors;  /* of MSI-X; 0: there is no MSI-X capability */
    unsigned reset_ms; /* of fault reset_slow */
    uint32_t command;  /* the command register as firmware left it */
    uint64_t seed;
    uint32_t revision; /* of the PCI function; REVISION_DEFAULT: as `modern` says */
    bool reorder;
    bool partial; /* checksums of received frames are left to a driver with GUEST_CSUM */
    bool ignore_no_interrupt;
    uint32_t header; /* bytes of the network header: NET_HEADER_SIZE, or one without num_buffers */
    uint32_t delay;  /* microseconds */
    uint32_t wire;   /* frames queued at most */
    enum lockstep lockstep;
    char fault[256];
};

/* "name=value,..." or "". false with a line in error: what is not understood, what there is. */
bool model_options_parse(struct options *options, const char *arguments, char *error,
                         size_t error_size);

/* The lines of the help that say all this. */
extern const char options_help[];

#endif
