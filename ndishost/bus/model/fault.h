/* SPDX-License-Identifier: MIT */
/*
 * fault.h: the table of the faults that the model can simulate. `ndishost --help` prints it.
 *   fault_arm(&faults, "used_twice@3")  ...  if (fault_hit(&faults, FAULT_USED_TWICE)) ...
 * Each fault counts its own occasions. It occurs at the Nth one with @N, else at the first. A ONCE fault
 * then ends; a FROM fault stays until it is disarmed.
 */
#ifndef NDISHOST_MODEL_FAULT_H
#define NDISHOST_MODEL_FAULT_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* FAULT(identifier, ONCE or FROM, name, what happens and which occasion counts) */
#define FAULTS(FAULT)                                                                              \
    FAULT(GONE, FROM, "gone", "from the Nth register access on, all registers read all ones")      \
    FAULT(GONE_FRAME, FROM, "gone_frame", "from the Nth frame on, all registers read all ones")    \
    FAULT(RESET_NEVER, FROM, "reset_never", "after the Nth reset, device_status never reads 0")    \
    FAULT(RESET_IGNORED, ONCE, "reset_ignored",                                                    \
          "the device ignores the Nth reset that finds its status not 0")                          \
    FAULT(RESET_SLOW, FROM, "reset_slow", "from the Nth reset on, a reset takes reset_ms")         \
    FAULT(FEATURES_REFUSED, FROM, "features_refused", "the device clears FEATURES_OK")             \
    FAULT(NEEDS_RESET, ONCE, "needs_reset",                                                        \
          "at the Nth frame, the device sets DEVICE_NEEDS_RESET")                                  \
    FAULT(NEEDS_RESET_START, ONCE, "needs_reset_start",                                            \
          "at the Nth DRIVER_OK, the device sets DEVICE_NEEDS_RESET")                              \
    FAULT(STATUS_LATE, ONCE, "status_late",                                                        \
          "the Nth read of DEVICE_NEEDS_RESET ends after the next DRIVER_OK, or after 2 s")        \
    FAULT(NOTIFY_SLOW, ONCE, "notify_slow", "the Nth notification takes 200 ms")                   \
    FAULT(QUEUE_SIZE_ODD, FROM, "queue_size_odd",                                                  \
          "queue_size is not a power of two until the driver writes it")                           \
    FAULT(QUEUE_SMALL, FROM, "queue_small",                                                        \
          "after a reset, the queues have a quarter of their size")                                \
    FAULT(MTU_SMALL, FROM, "mtu_small", "after a reset, the MTU is 1000")                          \
    FAULT(MTU_TINY, FROM, "mtu_tiny", "after a reset, the MTU is 67")                              \
    FAULT(MASTER_LOST, ONCE, "master_lost",                                                        \
          "at the Nth return to D0, bus mastering is off in the command register")                 \
    FAULT(QUEUE_ENABLED, FROM, "queue_enabled",                                                    \
          "queue_enable reads 1 before the driver sets up the queue")                              \
    FAULT(QUEUE_STUCK, FROM, "queue_stuck", "queue_enable reads 0 after the driver wrote 1")       \
    FAULT(NOTIFY_RANGE, FROM, "notify_range",                                                      \
          "queue_notify_off points outside the notification structure")                            \
    FAULT(GENERATION, FROM, "generation", "config_generation differs at each read")                \
    FAULT(CONFIG_TORN, ONCE, "config_torn",                                                        \
          "the configuration changes between reads until the Nth read of config_generation")       \
    FAULT(CONFIG_LATE, ONCE, "config_late",                                                        \
          "the Nth configuration read takes 500 ms; a reset meanwhile ends it, with 0")            \
    FAULT(MAC_GROUP, FROM, "mac_group", "the MAC address is a multicast address")                  \
    FAULT(MAC_ZERO, FROM, "mac_zero", "the MAC address is all zeros")                              \
    FAULT(STATUS_GARBAGE, FROM, "status_garbage", "the link status has all reserved bits set")     \
    FAULT(ISR_ZERO, ONCE, "isr_zero",                                                              \
          "at the Nth interrupt, the line is asserted but the ISR status reads 0 three times")     \
    FAULT(ISR_STUCK, ONCE, "isr_stuck",                                                            \
          "at the Nth interrupt, the ISR status stays set for 20 reads")                           \
    FAULT(ISR_RESERVED, FROM, "isr_reserved", "the ISR status has all reserved bits set")          \
    FAULT(SPURIOUS, FROM, "interrupt_spurious",                                                    \
          "the device interrupts after each batch without a used buffer")                          \
    FAULT(LOST, ONCE, "interrupt_lost",                                                            \
          "the device does not send the Nth used buffer notification")                             \
    FAULT(CONFIG_SPURIOUS, FROM, "config_spurious",                                                \
          "the device sends configuration interrupts without a change")                            \
    FAULT(USED_ID_RANGE, ONCE, "used_id_range", "the Nth used id is larger than the queue")        \
    FAULT(USED_ID_HIGH, ONCE, "used_id_high", "the Nth used id has bits set above the lower 16")   \
    FAULT(USED_ID_FREE, ONCE, "used_id_free", "the Nth used id belongs to no outstanding chain")   \
    FAULT(USED_TWICE, ONCE, "used_twice", "the device uses the Nth buffer twice")                  \
    FAULT(USED_LEN, ONCE, "used_len", "the Nth used len is larger than the receive buffer")        \
    FAULT(USED_LEN_HUGE, ONCE, "used_len_huge",                                                    \
          "the Nth used len of a receive buffer is 0xffffffff")                                    \
    FAULT(USED_LEN_OUT, FROM, "used_len_out",                                                      \
          "the used len of a transmit buffer is the length of the frame")                          \
    FAULT(USED_IDX_JUMP, ONCE, "used_idx_jump",                                                    \
          "the used idx advances by more than the queue size")                                     \
    FAULT(USED_IDX_BACK, ONCE, "used_idx_back", "the used idx decreases by one")                   \
    FAULT(USED_STALE, ONCE, "used_stale", "the used idx advances without a new element")           \
    FAULT(USED_FLAGS, FROM, "used_flags", "the reserved flags of the used ring are set")           \
    FAULT(NO_NOTIFY, FROM, "no_notify",                                                            \
          "NO_NOTIFY is always set, or avail_event is passed; the device polls every 1 ms")        \
    FAULT(NOTIFY_ALWAYS, FROM, "notify_always",                                                    \
          "NO_NOTIFY is never set, or avail_event names the next buffer")                          \
    FAULT(AVAIL_EVENT, FROM, "avail_event", "with EVENT_IDX, avail_event is a random number")      \
    FAULT(AVAIL_SCRIBBLE, ONCE, "avail_scribble", "the device overwrites the available ring")      \
    FAULT(DESC_SCRIBBLE, ONCE, "desc_scribble", "the device overwrites the descriptor table")      \
    FAULT(RX_SHORT, ONCE, "rx_short", "the Nth received buffer is shorter than the header")        \
    FAULT(RX_EMPTY, ONCE, "rx_empty", "the Nth received frame has a header and no data")           \
    FAULT(RX_RUNT, ONCE, "rx_runt", "the Nth received frame is 13 bytes long")                     \
    FAULT(RX_LONG, ONCE, "rx_long", "the Nth received frame fills the whole buffer")               \
    FAULT(RX_NUM_ZERO, ONCE, "rx_num_zero", "the Nth received frame has num_buffers 0")            \
    FAULT(RX_NUM_MANY, ONCE, "rx_num_many", "the Nth received frame has num_buffers 2")            \
    FAULT(RX_FLAGS, ONCE, "rx_flags",                                                              \
          "the Nth received frame has header flags that were not negotiated")                      \
    FAULT(RX_TUNNEL, ONCE, "rx_tunnel",                                                            \
          "the Nth received frame has the gso_type of a UDP tunnel over IPv4")                     \
    FAULT(RX_TUNNELS, ONCE, "rx_tunnels",                                                          \
          "the Nth received frame has the gso_type of two UDP tunnels")                            \
    FAULT(RX_WRITES_ON, FROM, "rx_writes_on",                                                      \
          "the device overwrites a used receive buffer that the driver has not returned")          \
    FAULT(RX_STALL, FROM, "rx_stall", "from the Nth frame on, the device uses no receive buffer")  \
    FAULT(TX_STALL, FROM, "tx_stall", "from the Nth frame on, the device uses no transmit buffer") \
    FAULT(DEAD, FROM, "dead",                                                                      \
          "from the Nth frame on, the device uses no buffer and sends no interrupt")

#define FAULT_ENUM(id, kind, name, text) FAULT_##id,
enum fault_id { FAULTS(FAULT_ENUM) FAULT_COUNT };
_Static_assert(FAULT_COUNT <= 64, "one word has a bit for each fault");

/* The lines of the help. */
#define FAULT_HELP(id, kind, name, text) "    " name ": " text "\n"

struct faults {
    _Alignas(8) _Atomic uint64_t armed; /* one bit each: what costs time when none is */
    struct {
        atomic_long left; /* occasions until it strikes */
        atomic_ulong struck;
    } fault[FAULT_COUNT];
};

/* "NAME" or "NAME@N"; several joined by '+'. Adds to what is armed. NULL, or the part not understood. */
const char *fault_arm(struct faults *faults, const char *text);
void fault_disarm(struct faults *faults);
const char *fault_name(enum fault_id id);

/* A fault that lasts has struck once more. */
void fault_again(struct faults *faults, enum fault_id id);
/* An occasion: does the fault strike here? Any thread. */
bool fault_strikes(struct faults *faults, enum fault_id id);
static inline bool fault_hit(struct faults *faults, enum fault_id id)
{
    return atomic_load_explicit(&faults->armed, memory_order_relaxed) >> id & 1 &&
           fault_strikes(faults, id);
}
/* Armed, whether or not its time has come; counts nothing. */
static inline bool fault_armed(const struct faults *faults, enum fault_id id)
{
    return atomic_load_explicit(&faults->armed, memory_order_relaxed) >> id & 1;
}

#endif
