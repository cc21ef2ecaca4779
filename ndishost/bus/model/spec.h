/* SPDX-License-Identifier: MIT */
/*
 * spec.h: the numbers of virtio 1.2 that the model device is made of, by the names that the standard
 * gives them. The model shares no header with the drivers it judges: what one of the two misread, the
 * other must not misread with it.
 */
#ifndef NDISHOST_MODEL_SPEC_H
#define NDISHOST_MODEL_SPEC_H

#include <stdint.h>

/* device_status; 2.1 */
#define STATUS_ACKNOWLEDGE 0x01u
#define STATUS_DRIVER      0x02u
#define STATUS_DRIVER_OK   0x04u
#define STATUS_FEATURES_OK 0x08u
#define STATUS_NEEDS_RESET 0x40u
#define STATUS_FAILED      0x80u

/* Capability types; 4.1.4 */
#define CAP_COMMON_CFG 1
#define CAP_NOTIFY_CFG 2
#define CAP_ISR_CFG    3
#define CAP_DEVICE_CFG 4
#define CAP_PCI_CFG    5

/* struct virtio_pci_common_cfg; 4.1.4.3 */
#define COMMON_DEVICE_FEATURE_SELECT 0x00
#define COMMON_DEVICE_FEATURE        0x04
#define COMMON_DRIVER_FEATURE_SELECT 0x08
#define COMMON_DRIVER_FEATURE        0x0C
#define COMMON_CONFIG_MSIX_VECTOR    0x10
#define COMMON_NUM_QUEUES            0x12
#define COMMON_DEVICE_STATUS         0x14
#define COMMON_CONFIG_GENERATION     0x15
#define COMMON_QUEUE_SELECT          0x16
#define COMMON_QUEUE_SIZE            0x18
#define COMMON_QUEUE_MSIX_VECTOR     0x1A
#define COMMON_QUEUE_ENABLE          0x1C
#define COMMON_QUEUE_NOTIFY_OFF      0x1E
#define COMMON_QUEUE_DESC            0x20
#define COMMON_QUEUE_DRIVER          0x28
#define COMMON_QUEUE_DEVICE          0x30
#define COMMON_SIZE                  0x38
#define MSIX_NO_VECTOR               0xFFFFu

/* ISR status; 4.1.4.5 */
#define ISR_QUEUE  0x01u
#define ISR_CONFIG 0x02u

/* Split virtqueue; 2.7 */
#define QUEUE_SIZE_MAX       32768u
#define DESC_F_NEXT          1u
#define DESC_F_WRITE         2u
#define DESC_F_INDIRECT      4u
#define AVAIL_F_NO_INTERRUPT 1u
#define USED_F_NO_NOTIFY     1u

struct spec_desc {
    uint64_t addr;
    uint32_t len;
    uint16_t flags;
    uint16_t next;
};

struct spec_used_elem {
    uint32_t id;
    uint32_t len;
};

/* struct virtio_net_config; 5.1.4 */
#define NET_CONFIG_MAC       0
#define NET_CONFIG_STATUS    6
#define NET_CONFIG_MAX_PAIRS 8
#define NET_CONFIG_MTU       10
#define NET_CONFIG_SPEED     12
#define NET_CONFIG_DUPLEX    16
#define NET_CONFIG_RSS_KEY   17
#define NET_CONFIG_RSS_LEN   18
#define NET_CONFIG_HASHES    20
#define NET_CONFIG_SIZE      24
#define NET_S_LINK_UP        1u

/* struct virtio_net_hdr once VERSION_1 is negotiated: num_buffers is always there; 5.1.6 */
struct spec_net_header {
    uint8_t flags;
    uint8_t gso_type;
    uint16_t hdr_len;
    uint16_t gso_size;
    uint16_t csum_start;
    uint16_t csum_offset;
    uint16_t num_buffers;
};
#define NET_HEADER_SIZE      12u
#define NET_HEADER_OLD_SIZE  10u /* without num_buffers: legacy, and emulators that err */
#define NET_HDR_F_NEEDS_CSUM 1u
#define NET_HDR_GSO_TUNNEL_4 0x20u /* VIRTIO_NET_HDR_GSO_UDP_TUNNEL_IPV4 */
#define NET_HDR_GSO_TUNNEL_6 0x40u
#define NET_RX_BUFFER_MIN    1526u /* 5.1.6.3.1 */

/* struct virtio_net_ctrl: class, command, data, ack; 5.1.6.5 */
#define NET_OK                 0u
#define NET_ERR                1u
#define NET_CTRL_HEADER        2u
#define NET_CTRL_RX            0u
#define NET_CTRL_RX_PROMISC    0u
#define NET_CTRL_RX_ALLMULTI   1u
#define NET_CTRL_RX_ALLUNI     2u
#define NET_CTRL_RX_NOMULTI    3u
#define NET_CTRL_RX_NOUNI      4u
#define NET_CTRL_RX_NOBCAST    5u
#define NET_CTRL_MAC           1u
#define NET_CTRL_MAC_TABLE_SET 0u
#define NET_CTRL_MAC_ADDR_SET  1u
#define NET_CTRL_VLAN          2u
#define NET_CTRL_VLAN_ADD      0u
#define NET_CTRL_VLAN_DEL      1u
#define NET_CTRL_MQ            4u
#define NET_CTRL_MQ_PAIRS_SET  0u
#define NET_VLANS              4096u

/* Ethernet, without FCS */
#define ETHERNET_HEADER_SIZE 14u
#define ETHERNET_TAG_SIZE    4u
#define ETHERNET_MTU         1500u

/* PCI */
#define PCI_COMMAND             0x04
#define PCI_COMMAND_IO          0x0001u
#define PCI_COMMAND_MEMORY      0x0002u
#define PCI_COMMAND_MASTER      0x0004u
#define PCI_COMMAND_INTX_OFF    0x0400u
#define PCI_STATUS              0x06
#define PCI_STATUS_INTERRUPT    0x0008u
#define PCI_STATUS_CAP_LIST     0x0010u
#define PCI_BAR0                0x10
#define PCI_CAP_POINTER         0x34
#define PCI_CAP_FIRST           0x40
#define PCI_CONFIG_SIZE         256u
#define PCI_CAP_ID_VENDOR       0x09
#define PCI_CAP_ID_MSIX         0x11
#define PCI_MSIX_CONTROL_ENABLE 0x8000u
#define PCI_MSIX_CONTROL_MASK   0x4000u

#endif
