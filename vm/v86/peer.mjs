// SPDX-License-Identifier: MIT
// peer.mjs: the far end of the emulated PC's network cable. It answers ARP, DHCP and ping. It
// returns the frames that ndishost's `echo:calls=1` sends. It sends numbered frames of its own to the
// adapter, and checks their echoes.
//
//   const peer = new Peer(frame => ...puts a frame on the wire to the adapter..., 1000);
//   peer.receive(frame);        each frame that the adapter sent
//   peer.account();             what it counted, for JSON
//
// Nothing here knows of the emulator: node and the browser run the same file.

export const PEER_MAC = [0x52, 0x55, 10, 86, 0, 1];
const CALLER_MAC = [0x52, 0x55, 10, 86, 0, 9];
export const PEER_IP = [10, 86, 0, 1];
export const GUEST_IP = [10, 86, 0, 2];
const LEASE_SECONDS = 3600;
const ETHERNET_MIN = 60, ETHERNET_MAX = 1514;
const TYPE_IP = 0x0800, TYPE_ARP = 0x0806, TYPE_NUMBERED = 0x88b5; // IEEE: local experiments
const SIZE_STEP = 769; // has no factor in common with the number of sizes: each size comes up

const same = (a, b) => a.length === b.length && a.every((byte, i) => byte === b[i]);

function checksum(bytes, from, to) {
    let sum = 0;
    for (let i = from; i < to; i += 2)
        sum += bytes[i] << 8 | (i + 1 < to ? bytes[i + 1] : 0);
    while (sum > 0xffff)
        sum = (sum & 0xffff) + (sum >>> 16);
    return ~sum & 0xffff;
}

function put16(bytes, at, value) {
    bytes[at] = value >>> 8;
    bytes[at + 1] = value;
}

function ethernet(destination, source, type, length) {
    const frame = new Uint8Array(Math.max(length, ETHERNET_MIN));
    frame.set(destination, 0);
    frame.set(source, 6);
    put16(frame, 12, type);
    return frame;
}

// The frame of a number: size and content follow from it.
function numbered(number, adapter) {
    const size = ETHERNET_MIN + number * SIZE_STEP % (ETHERNET_MAX - ETHERNET_MIN + 1);
    const frame = ethernet(adapter, CALLER_MAC, TYPE_NUMBERED, size);
    new DataView(frame.buffer).setUint32(14, number);
    for (let i = 18, x = number * 2654435761 >>> 0 | 1; i < size; i++) {
        x ^= x << 13, x ^= x >>> 17, x ^= x << 5; // xorshift
        frame[i] = x;
    }
    return frame;
}

export class Peer {
    constructor(send, calls) {
        this.put = send;
        this.calls = calls; // numbered frames to send, one for each that was returned
        this.adapter = null; // the adapter's address, from its first frame
        this.next = 0; // the number of the next call, and of the next echo
        this.expected = 0;
        this.counts = {frames_in: 0, bytes_in: 0, frames_out: 0, bytes_out: 0, arp: 0, dhcp: 0,
            ping: 0, returned: 0, called: 0, echoed: 0, lost: 0, damaged: 0, other: 0};
    }

    send(frame) {
        this.counts.frames_out++;
        this.counts.bytes_out += frame.length;
        this.put(frame);
    }

    receive(frame) {
        this.counts.frames_in++;
        this.counts.bytes_in += frame.length;
        if (frame.length < 14)
            return void this.counts.other++;
        this.adapter ??= frame.slice(6, 12);
        const destination = frame.subarray(0, 6);
        const type = frame[12] << 8 | frame[13];
        if (same(destination, CALLER_MAC))
            this.echo(frame);
        else if (type === TYPE_ARP && frame.length >= 42)
            this.arp(frame);
        else if (type === TYPE_IP && frame.length >= 34)
            this.ip(frame);
        else if (!(destination[0] & 1) && !same(destination, PEER_MAC))
            this.reflect(frame);
        else
            this.counts.other++;
    }

    // To any other station: it returns the frame with its addresses swapped, and calls by itself.
    reflect(frame) {
        const answer = frame.slice();
        answer.set(frame.subarray(6, 12), 0);
        answer.set(frame.subarray(0, 6), 6);
        this.counts.returned++;
        this.send(answer);
        if (this.next < this.calls) {
            this.counts.called++;
            this.send(numbered(this.next++, this.adapter));
        }
    }

    // The near side's echo of a call: each once, in order, with its content.
    echo(frame) {
        const number = frame.length >= 18 ? new DataView(frame.buffer, frame.byteOffset).getUint32(14) : -1;
        if (number < this.expected || number >= this.next)
            return void this.counts.damaged++;
        const wanted = numbered(number, this.adapter);
        wanted.set(CALLER_MAC, 0);
        wanted.set(this.adapter, 6);
        this.counts.lost += number - this.expected;
        this.expected = number + 1;
        if (same(frame, wanted))
            this.counts.echoed++;
        else
            this.counts.damaged++;
    }

    arp(frame) {
        if ((frame[20] << 8 | frame[21]) !== 1 || !same(frame.subarray(38, 42), PEER_IP))
            return void this.counts.other++;
        const answer = ethernet(frame.subarray(6, 12), PEER_MAC, TYPE_ARP, 42);
        answer.set(frame.subarray(14, 20), 14);
        put16(answer, 20, 2);
        answer.set(PEER_MAC, 22);
        answer.set(PEER_IP, 28);
        answer.set(frame.subarray(22, 32), 32);
        this.counts.arp++;
        this.send(answer);
    }

    ip(frame) {
        const header = (frame[14] & 15) * 4, at = 14 + header;
        const length = frame[16] << 8 | frame[17];
        if (header < 20 || 14 + length > frame.length || length < header + 8)
            return void this.counts.other++;
        if (frame[23] === 1 && frame[at] === 8 && same(frame.subarray(30, 34), PEER_IP))
            this.ping(frame, at, length);
        else if (frame[23] === 17 && (frame[at + 2] << 8 | frame[at + 3]) === 67)
            this.dhcp(frame, at + 8, 14 + length);
        else
            this.counts.other++;
    }

    ping(frame, at, length) {
        if (checksum(frame, at, 14 + length) !== 0)
            return void this.counts.damaged++;
        const answer = frame.slice();
        answer.set(frame.subarray(6, 12), 0);
        answer.set(PEER_MAC, 6);
        answer.set(frame.subarray(30, 34), 26);
        answer.set(frame.subarray(26, 30), 30);
        answer[at] = 0;
        put16(answer, at + 2, 0);
        put16(answer, at + 2, checksum(answer, at, 14 + length));
        this.counts.ping++;
        this.send(answer);
    }

    // RFC 2131: an offer for DISCOVER (1), an acknowledgement for REQUEST (3).
    dhcp(frame, at, end) {
        let kind = 0;
        for (let i = at + 240; i + 2 < end && frame[i] !== 255; i += frame[i] ? 2 + frame[i + 1] : 1)
            if (frame[i] === 53)
                kind = frame[i + 2];
        if (end < at + 240 || frame[at] !== 1 || (kind !== 1 && kind !== 3))
            return void this.counts.other++;
        const seconds = [0, 0, LEASE_SECONDS >>> 8, LEASE_SECONDS & 255];
        const options = [99, 130, 83, 99, 53, 1, kind === 1 ? 2 : 5, 54, 4, ...PEER_IP,
            51, 4, ...seconds, 1, 4, 255, 255, 255, 0, 3, 4, ...PEER_IP, 255];
        const udp = 8 + 236 + options.length, total = 20 + udp;
        const client = frame.slice(at + 28, at + 34);
        const answer = ethernet(client, PEER_MAC, TYPE_IP, 14 + total);
        answer.set([0x45, 0], 14);
        put16(answer, 16, total);
        answer.set([0, 0, 0, 0, 64, 17, 0, 0, ...PEER_IP, 255, 255, 255, 255], 18);
        put16(answer, 24, checksum(answer, 14, 34));
        answer.set([0, 67, 0, 68, udp >>> 8, udp & 255, 0, 0], 34); // no UDP checksum: RFC 768
        answer.set([2, 1, 6, 0], 42);
        answer.set(frame.subarray(at + 4, at + 12), 46); // xid, seconds, flags
        answer.set(GUEST_IP, 42 + 16);
        answer.set(PEER_IP, 42 + 20);
        answer.set(frame.subarray(at + 28, at + 44), 42 + 28);
        answer.set(options, 42 + 236);
        this.counts.dhcp++;
        this.send(answer);
    }

    account() {
        const address = this.adapter && Array.from(this.adapter, b => b.toString(16).padStart(2, "0"));
        return {...this.counts, adapter: address ? address.join(":") : null};
    }
}
