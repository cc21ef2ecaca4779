/* SPDX-License-Identifier: MIT */
/*
 * aerovnet.h: what every file of the driver needs. These are the headers of NDIS and of the two
 * libraries, the constants of the virtio-net device, and the limits that the driver sets itself. The
 * adapter's context has its name here, and its members in adapter.h.
 *
 * Files, from the bottom up. Each calls only files that stand before it; the header beside each says
 * what it is for and how it is used.
 *   event_log  nbl_chain.h  ethernet.h  pause   leaves
 *   counter.h
 *   state                                       state of the device, as plain C
 *   memory                                      allocations
 *   hardware                                    BARs, register access, bus mastering
 *   queue                                       ring memory, gate of a queue, publish and notify
 *   fault                                       what is wrong with the device, and what follows
 *   transmit  receive  link                     data paths, link
 *   interrupt                                   ISR and DPC
 *   device                                      open, negotiate, start, stop, restart, sleep, wake
 *   configuration  oid                          keywords, OID requests
 *   adapter                                     context, Initialize, Halt, entry points
 *   aerovnet                                    DriverEntry, handler table, Unload
 */
#ifndef AEROVNET_H
#define AEROVNET_H

#include <ntddk.h>
#include <ndis.h>

#include "virtqueue.h"
#include "virtio_pci_modern.h"
#include "aerovnet_oid.h"
#include "aerovnet_events.h"
#include "aerovnet_annotations.h"
#include "aerovnet_assert.h"

#define AEROVNET_POOL_TAG 0x746E5641 /* "AVnt" as the pool shows it */

/* struct virtio_net_hdr. With VERSION_1 num_buffers is always there (virtio 1.2, 5.1.6.1): 12 bytes.
 * Some emulators leave it out; the keyword HeaderLength says so. */
#define AEROVNET_HEADER_MIN 10
#define AEROVNET_HEADER_MAX 12
#define AEROVNET_HEADER_GSO 1 /* offset of gso_type */

/* Bits of gso_type (virtio 1.4, 5.1.6). */
#define VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4 0x20
#define VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV6 0x40

/* Feature bits and configuration of the network device (virtio 1.2, 5.1.3, 5.1.4). */
#define VIRTIO_NET_F_MTU         ((virtio_u64)1 << 3)
#define VIRTIO_NET_F_MAC         ((virtio_u64)1 << 5)
#define VIRTIO_NET_F_STATUS      ((virtio_u64)1 << 16)
#define VIRTIO_NET_S_LINK_UP     1
#define VIRTIO_NET_CONFIG_MAC    0
#define VIRTIO_NET_CONFIG_STATUS 6
#define VIRTIO_NET_CONFIG_MTU    10

/* What is always accepted; the keyword EventIdx adds VIRTIO_F_EVENT_IDX. ACCESS_PLATFORM asks nothing
 * more of a driver: all addresses are those that the DMA functions of NDIS returned. */
#define AEROVNET_FEATURES                                                                        \
    (VIRTIO_F_VERSION_1 | VIRTIO_F_INDIRECT_DESC | VIRTIO_F_ACCESS_PLATFORM | VIRTIO_NET_F_MAC | \
     VIRTIO_NET_F_STATUS | VIRTIO_NET_F_MTU)

#define AEROVNET_RECEIVE_QUEUE  0
#define AEROVNET_TRANSMIT_QUEUE 1

/* Entries. A larger ring gains nothing at the speeds that a Windows 7 guest reaches. Each entry costs
 * about 4 KiB of buffers on both queues together (docs/performance.md). */
#define AEROVNET_RING_MAX 1024

/* Bits per second. Virtio does not report a speed without VIRTIO_NET_F_SPEED_DUPLEX; 1 Gbit/s is
 * what people expect. */
#define AEROVNET_LINK_SPEED    1000000000ULL

#define AEROVNET_MULTICAST_MAX 32

/* Bytes of one allocation of shared memory; buffers and slots are cut from such blocks. */
#define AEROVNET_BLOCK_BYTES 65536

typedef struct _AEROVNET_ADAPTER AEROVNET_ADAPTER, *PAEROVNET_ADAPTER;

#endif
