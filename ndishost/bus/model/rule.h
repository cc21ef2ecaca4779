/* SPDX-License-Identifier: MIT */
/*
 * rule.h: every rule of the standard that the model holds a driver to, in one table.
 *   model_violation(model, RULE_DESC_LOOP, "queue %u: ...", ...);
 * PEDANTIC: drivers that have worked for years break it, and no device minds. It is reported with --pedantic alone.
 * FATAL: the device cannot go on with the queue; it sets DEVICE_NEEDS_RESET, and the owner of the bus
 * is told that the run is over.
 */
#ifndef NDISHOST_MODEL_RULE_H
#define NDISHOST_MODEL_RULE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* RULE(identifier, severity, name, where it stands: a section of virtio 1.2 if it begins with a digit) */
#define MODEL_RULES(RULE)                                                 \
    /* PCI */                                                             \
    RULE(PCI_DECODE, MINOR, "pci-decode", "PCI, command register")        \
    RULE(PCI_MASTER, FATAL, "pci-bus-master", "PCI, command register")    \
    RULE(PCI_BAR, MINOR, "pci-bar-moved", "PCI, base address registers")  \
    RULE(CAP_WRITE, MINOR, "virtio-capability-write", "4.1.4.1")          \
    RULE(PCI_CFG, PEDANTIC, "virtio-pci-cfg-window", "4.1.4.9.2")         \
    RULE(MSIX_MESSAGE, MINOR, "pci-msix-message", "PCI, MSI-X table")     \
    RULE(LEGACY, MINOR, "virtio-legacy-interface", "4.1.5.1.1.1")         \
    /* Registers */                                                       \
    RULE(WIDTH, MINOR, "virtio-register-width", "4.1.3.1")                \
    RULE(NO_REGISTER, MINOR, "virtio-no-register", "4.1.4")               \
    RULE(READ_ONLY, MINOR, "virtio-read-only", "4.1.4.3.2")               \
    RULE(ISR_WRITE, MINOR, "virtio-isr-write", "4.1.4.5")                 \
    RULE(CONFIG_WRITE, MINOR, "virtio-config-write", "5.1.4")             \
    RULE(CONFIG_FEATURE, MINOR, "virtio-config-feature", "2.5.1")         \
    RULE(CONFIG_GENERATION, MINOR, "virtio-config-generation", "2.5.1")   \
    RULE(MSIX_VECTOR, MINOR, "virtio-msix-vector", "4.1.5.1.2.2")         \
    /* Initialization */                                                  \
    RULE(RESET_WAIT, MINOR, "virtio-reset-wait", "4.1.4.3.2")             \
    RULE(STATUS_CLEAR, MINOR, "virtio-status-clear", "2.1.1")             \
    RULE(STATUS_BITS, MINOR, "virtio-status-bits", "2.1")                 \
    RULE(STATUS_ORDER, PEDANTIC, "virtio-status-order", "3.1.1")          \
    RULE(STATUS_FAILED, MINOR, "virtio-status-failed", "2.1.1")           \
    RULE(FEATURES_REREAD, MINOR, "virtio-features-reread", "3.1.1")       \
    RULE(FEATURE_OFFERED, MINOR, "virtio-feature-not-offered", "2.2.1")   \
    RULE(FEATURE_NEEDS, MINOR, "virtio-feature-dependency", "2.2.1")      \
    RULE(FEATURE_VERSION, MINOR, "virtio-feature-version-1", "6.1")       \
    RULE(FEATURE_TIME, MINOR, "virtio-feature-time", "3.1.1")             \
    RULE(QUEUE_TIME, MINOR, "virtio-queue-time", "3.1.1")                 \
    RULE(QUEUE_ABSENT, MINOR, "virtio-queue-absent", "4.1.5.1.3")         \
    RULE(QUEUE_SIZE, MINOR, "virtio-queue-size", "4.1.4.3.2")             \
    RULE(QUEUE_TWICE, MINOR, "virtio-queue-twice", "4.1.4.3.2")           \
    RULE(QUEUE_DISABLE, MINOR, "virtio-queue-disable", "4.1.4.3.2")       \
    RULE(QUEUE_ALIGN, FATAL, "virtio-queue-align", "2.7.1")               \
    RULE(QUEUE_MEMORY, FATAL, "virtio-queue-memory", "2.7")               \
    RULE(QUEUE_ZERO, MINOR, "virtio-queue-not-zeroed", "4.1.5.1.3")       \
    RULE(QUEUE_DISABLED, MINOR, "virtio-queue-disabled", "5.1.5")         \
    /* Notifications */                                                   \
    RULE(NOTIFY_TIME, MINOR, "virtio-notify-time", "3.1.1")               \
    RULE(NOTIFY_QUEUE, MINOR, "virtio-notify-queue", "4.1.5.2")           \
    RULE(NOTIFY_ADDRESS, MINOR, "virtio-notify-address", "4.1.4.4")       \
    RULE(NOTIFY_MISSING, MINOR, "virtio-notify-missing", "2.7.10.1")      \
    /* Rings */                                                           \
    RULE(AVAIL_FLAGS, MINOR, "virtio-avail-flags", "2.7.7.1")             \
    RULE(AVAIL_IDX, FATAL, "virtio-avail-idx", "2.7.6.1")                 \
    RULE(AVAIL_HEAD, FATAL, "virtio-avail-head", "2.7.6")                 \
    RULE(AVAIL_TWICE, FATAL, "virtio-avail-twice", "2.7.13.2")            \
    RULE(USED_WRITTEN, MINOR, "virtio-used-written", "2.7.8")             \
    RULE(DESC_NEXT, FATAL, "virtio-desc-next", "2.7.5")                   \
    RULE(DESC_LOOP, FATAL, "virtio-desc-loop", "2.7.5.2")                 \
    RULE(DESC_SHARED, FATAL, "virtio-desc-shared", "2.7.13.1")            \
    RULE(DESC_CHAIN, FATAL, "virtio-desc-chain-length", "2.7.5.3.1")      \
    RULE(DESC_TOTAL, FATAL, "virtio-desc-total-length", "2.7.5.2")        \
    RULE(DESC_MEMORY, FATAL, "virtio-desc-memory", "2.7.5")               \
    RULE(DESC_EMPTY, MINOR, "virtio-desc-empty", "2.7.13.1")              \
    RULE(DESC_FLAGS, MINOR, "virtio-desc-flags", "2.7.13.1")              \
    RULE(DESC_ORDER, MINOR, "virtio-desc-order", "2.7.4.2")               \
    RULE(DESC_ALTERED, MINOR, "virtio-desc-altered", "3.3.1")             \
    RULE(INDIRECT_FEATURE, FATAL, "virtio-indirect-feature", "2.7.5.3.1") \
    RULE(INDIRECT_NESTED, FATAL, "virtio-indirect-nested", "2.7.5.3.1")   \
    RULE(INDIRECT_NEXT, FATAL, "virtio-indirect-next", "2.7.5.3.1")       \
    RULE(INDIRECT_LENGTH, FATAL, "virtio-indirect-length", "2.7.5.3")     \
    /* Network device */                                                  \
    RULE(RX_READABLE, MINOR, "virtio-rx-readable", "5.1.6.3")             \
    RULE(RX_SMALL, MINOR, "virtio-rx-small", "5.1.6.3.1")                 \
    RULE(TX_WRITABLE, MINOR, "virtio-tx-writable", "5.1.6.2")             \
    RULE(TX_HEADER, MINOR, "virtio-tx-header", "5.1.6")                   \
    RULE(TX_FLAGS, MINOR, "virtio-tx-flags", "5.1.6.2.1")                 \
    RULE(TX_GSO, MINOR, "virtio-tx-gso", "5.1.6.2.1")                     \
    RULE(TX_NUM_BUFFERS, MINOR, "virtio-tx-num-buffers", "5.1.6.2.1")     \
    RULE(TX_CSUM, MINOR, "virtio-tx-csum", "5.1.6.2.1")                   \
    RULE(TX_SIZE, MINOR, "virtio-tx-size", "5.1.6.2")                     \
    /* Its control queue, and its queue pairs */                          \
    RULE(CTRL_ACK, MINOR, "virtio-ctrl-ack", "5.1.6.5")                   \
    RULE(CTRL_COMMAND, MINOR, "virtio-ctrl-command", "5.1.6.5")           \
    RULE(CTRL_FEATURE, MINOR, "virtio-ctrl-feature", "5.1.6.5")           \
    RULE(CTRL_LENGTH, MINOR, "virtio-ctrl-length", "5.1.6.5")             \
    RULE(CTRL_VALUE, MINOR, "virtio-ctrl-value", "5.1.6.5")               \
    RULE(MQ_PAIRS, MINOR, "virtio-mq-pairs", "5.1.6.5.6.1")               \
    RULE(MQ_QUEUE, MINOR, "virtio-mq-queue", "5.1.6.5.6.1")

#define MODEL_RULE_ENUM(id, severity, name, section) RULE_##id,
enum model_rule { MODEL_RULES(MODEL_RULE_ENUM) RULE_COUNT };

struct model;

/* Reports PEDANTIC rules, too. */
extern bool model_pedantic;

/* Reports a rule that the driver broke, and counts it. Any thread, with or without the model's lock.
 * After a FATAL one the model is broken until the driver resets it, also when the rules are off and nothing is
 * reported. */
void model_violation(struct model *model, enum model_rule rule, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
/* The same after the device has lied: nothing is reported, the device is as broken. */
void model_confused(struct model *model, enum model_rule rule);
const char *model_rule_name(enum model_rule rule);

/* May the device touch this memory now (DMA_MAP_READ, DMA_MAP_WRITE)? What is not mapped for it is
 * reported by nt/machine/dma_map.h, and the model is broken then. A device that has lied touches what it likes.
 * `what` as in "reads the available ring". */
struct ring;
bool model_may_touch(struct model *model, const struct ring *ring, uint64_t pa, size_t length,
                     unsigned access, const char *what);

#endif
