// SPDX-License-Identifier: MIT
// Tests of vm/v86/peer.mjs, without an emulator: what it answers, and which faults it counts.
//   node tests/foreign/peer_test.mjs NAME     exit status 0, or 1 with the reason on standard error
//   node tests/foreign/peer_test.mjs --list
import assert from "node:assert/strict";
import {Peer, PEER_IP, PEER_MAC, GUEST_IP} from "../../vm/v86/peer.mjs";

const ADAPTER = [0x00, 0x22, 0x15, 1, 2, 3], STATION = [2, 0x61, 0x76, 0x6e, 0x65, 0xf4];

function start(calls = 0) {
    const sent = [];
    return {sent, peer: new Peer(frame => sent.push(frame), calls)};
}

function frame(destination, source, type, payload, length = 60) {
    const bytes = new Uint8Array(Math.max(length, 14 + payload.length));
    bytes.set([...destination, ...source, type >> 8, type & 255, ...payload]);
    return bytes;
}

// RFC 1071, in the words of the RFC rather than in the peer's.
function sum(bytes) {
    let total = 0;
    for (let i = 0; i < bytes.length; i += 2)
        total += bytes[i] * 256 + (bytes[i + 1] ?? 0);
    return (total % 65535) || 65535;
}

function ipv4(protocol, source, destination, payload) {
    const length = 20 + payload.length;
    const header = [0x45, 0, length >> 8, length & 255, 0, 1, 0, 0, 64, protocol, 0, 0, ...source, ...destination];
    const check = 65535 - sum(header);
    header[10] = check >> 8, header[11] = check & 255;
    return [...header, ...payload];
}

function echoRequest(data) {
    const message = [8, 0, 0, 0, 0x12, 0x34, 0, 1, ...data];
    const check = 65535 - sum(message);
    message[2] = check >> 8, message[3] = check & 255;
    return message;
}

function dhcp(kind) {
    const bootp = new Array(236).fill(0);
    bootp.splice(0, 8, 1, 1, 6, 0, 0xde, 0xad, 0xbe, 0xef);
    bootp.splice(28, 6, ...ADAPTER);
    const message = [...bootp, 99, 130, 83, 99, 0, 0, 61, 7, 1, ...ADAPTER, 53, 1, kind, 255];
    const length = 8 + message.length;
    return [0, 68, 0, 67, length >> 8, length & 255, 0, 0, ...message];
}

// Sends `calls` frames through the peer's station and returns what it called.
function called(peer, sent, calls) {
    for (let i = 0; i < calls; i++)
        peer.receive(frame(STATION, ADAPTER, 0x1234, [i]));
    return sent.filter(bytes => bytes[12] === 0x88 && bytes[13] === 0xb5);
}

function echoOf(bytes) {
    const echo = bytes.slice();
    echo.set(bytes.subarray(6, 12), 0);
    echo.set(bytes.subarray(0, 6), 6);
    return echo;
}

const tests = {
    "answers an ARP request for its address, and no other"() {
        const {peer, sent} = start();
        const request = target => frame([255, 255, 255, 255, 255, 255], ADAPTER, 0x0806,
            [0, 1, 8, 0, 6, 4, 0, 1, ...ADAPTER, ...GUEST_IP, 0, 0, 0, 0, 0, 0, ...target]);
        peer.receive(request([10, 86, 0, 77]));
        assert.equal(sent.length, 0);
        peer.receive(request(PEER_IP));
        assert.deepEqual([...sent[0].subarray(0, 42)], [...ADAPTER, ...PEER_MAC, 8, 6,
            0, 1, 8, 0, 6, 4, 0, 2, ...PEER_MAC, ...PEER_IP, ...ADAPTER, ...GUEST_IP]);
    },
    "answers a ping with its data and right checksums"() {
        const {peer, sent} = start();
        const data = Array.from({length: 57}, (_, i) => i * 3 & 255);
        peer.receive(frame(PEER_MAC, ADAPTER, 0x0800, ipv4(1, GUEST_IP, PEER_IP, echoRequest(data))));
        const answer = [...sent[0]];
        assert.deepEqual(answer.slice(26, 34), [...PEER_IP, ...GUEST_IP]);
        assert.equal(sum(answer.slice(14, 34)), 65535);
        assert.equal(sum(answer.slice(34, 34 + 8 + 57)), 65535);
        assert.equal(answer[34], 0);
        assert.deepEqual(answer.slice(42, 42 + 57), data);
    },
    "does not answer a damaged ping"() {
        const {peer, sent} = start();
        const request = frame(PEER_MAC, ADAPTER, 0x0800, ipv4(1, GUEST_IP, PEER_IP, echoRequest([1, 2, 3])));
        request[43] ^= 4;
        peer.receive(request);
        assert.equal(sent.length, 0);
        assert.equal(peer.account().damaged, 1);
    },
    "offers an address and acknowledges it"() {
        const {peer, sent} = start();
        for (const [kind, answered] of [[1, 2], [3, 5]]) {
            peer.receive(frame([255, 255, 255, 255, 255, 255], ADAPTER, 0x0800,
                ipv4(17, [0, 0, 0, 0], [255, 255, 255, 255], dhcp(kind))));
            const answer = [...sent.at(-1)];
            assert.equal(sum(answer.slice(14, 34)), 65535);
            assert.deepEqual(answer.slice(34, 38), [0, 67, 0, 68]);
            assert.deepEqual(answer.slice(46, 50), [0xde, 0xad, 0xbe, 0xef]);
            assert.deepEqual(answer.slice(58, 62), GUEST_IP);
            assert.deepEqual(answer.slice(70, 76), ADAPTER);
            assert.deepEqual(answer.slice(278, 285), [99, 130, 83, 99, 53, 1, answered]);
        }
        assert.equal(sent.length, 2);
    },
    "returns what another station gets, with swapped addresses"() {
        const {peer, sent} = start();
        const original = frame(STATION, ADAPTER, 0x1234, Array.from({length: 1500}, (_, i) => i & 255));
        peer.receive(original);
        assert.deepEqual([...sent[0]], [...echoOf(original)]);
    },
    "calls with every size once, and is content with right echoes"() {
        const {peer, sent} = start(1455);
        const calls = called(peer, sent, 1500);
        assert.equal(calls.length, 1455);
        assert.equal(new Set(calls.map(bytes => bytes.length)).size, 1455);
        calls.forEach(bytes => peer.receive(echoOf(bytes)));
        const {echoed, lost, damaged} = peer.account();
        assert.deepEqual([echoed, lost, damaged], [1455, 0, 0]);
    },
    "counts an echo that is lost, damaged, short, late or never called"() {
        const {peer, sent} = start(10);
        const calls = called(peer, sent, 10).map(echoOf);
        peer.receive(calls[0]);
        peer.receive(calls[2]); // 1 is lost
        assert.deepEqual([peer.account().echoed, peer.account().lost], [2, 1]);
        calls[3][calls[3].length - 1] ^= 1;
        peer.receive(calls[3]);
        peer.receive(calls[4].slice(0, -1));
        peer.receive(calls[1]);
        calls[5][17] = 99;
        peer.receive(calls[5]);
        assert.deepEqual([peer.account().echoed, peer.account().damaged], [2, 4]);
    },
    "survives frames of every length that say nothing"() {
        const {peer} = start(5);
        for (let length = 0; length < 120; length++)
            for (const type of [0x0800, 0x0806, 0x88b5, 0]) {
                const bytes = frame(PEER_MAC, ADAPTER, type, [], 120).slice(0, length);
                peer.receive(bytes);
                if (length > 14)
                    bytes[14] = 0x4f;
                peer.receive(bytes);
            }
    },
};

if (process.argv[2] === "--list") {
    console.log(Object.keys(tests).join("\n"));
} else {
    try {
        tests[process.argv[2]]();
    } catch (error) {
        console.error(error.message.split("\n").slice(0, 4).join(" "));
        process.exit(1);
    }
}
