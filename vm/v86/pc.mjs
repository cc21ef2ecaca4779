// SPDX-License-Identifier: MIT
// pc.mjs: the emulated PC, in node or in a browser: v86 with SeaBIOS, Debian's i386 kernel, the
// project's initramfs and a virtio-net device, whose cable leads to a Peer.
//
//   const pc = startPc({V86, images, wasm, settings, calls, console: text => ..., event: object => ...,
//                       ended: () => ..., captured: bytes => ...})
//   pc.stop();
//
// images: {bios, vga_bios, bzimage, initrd}, each as v86 has images: {buffer} or {url}.
// settings: what vm/init finds as aerovnet.NAME=VALUE. event: vm/init's lines of JSON as objects, and
// {step: "peer"} with the peer's account after `numbered`. ended: the machine is off. captured, if it is
// there, gets the pieces of a pcap of all frames, in order. between, if it is there, stands between the processor
// and its I/O ports: {read: (port, bytes, value) => value, write: (port, bytes, value) => value or null}; wasm is
// then the bytes of v86.wasm, not its address.

import {Peer} from "./peer.mjs";

const MEMORY = 256 << 20;

// Calls `line` for each line of bytes that come one at a time.
function lines(line) {
    let bytes = [];
    const decoder = new TextDecoder();
    return byte => {
        if (byte !== 10)
            return void bytes.push(byte);
        const text = decoder.decode(new Uint8Array(bytes)).replace(/\r/g, "");
        bytes = [];
        line(text);
    };
}

function parse(text) {
    try {
        return JSON.parse(text);
    } catch {
        return {step: "garbage", ok: false, why: text.slice(0, 200)};
    }
}

// https://www.tcpdump.org/manpages/pcap-savefile.5.html
function pcapHeader() {
    return new Uint8Array(new Uint32Array([0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1]).buffer);
}

function pcapRecord(frame) {
    const now = Date.now(), record = new Uint8Array(16 + frame.length);
    const words = [Math.floor(now / 1000), now % 1000 * 1000, frame.length, frame.length];
    record.set(new Uint8Array(new Uint32Array(words).buffer));
    record.set(frame, 16);
    return record;
}

// v86's `wasm_fn`: it makes the processor, whose imports are the PC around it.
function processor(bytes, {read, write}) {
    return async imports => {
        const ports = imports.env;
        for (const width of [8, 16, 32]) {
            const from = ports[`io_port_read${width}`], to = ports[`io_port_write${width}`];
            ports[`io_port_read${width}`] = port => read(port, width / 8, from(port));
            ports[`io_port_write${width}`] = (port, value) => {
                const got = write(port, width / 8, value);
                if (got !== null)
                    to(port, got);
            };
        }
        return (await WebAssembly.instantiate(bytes, imports)).instance.exports;
    };
}

export function startPc(options) {
    const words = ["console=ttyS0", "quiet", "panic=-1", "mitigations=off", "random.trust_cpu=on"];
    for (const [name, value] of Object.entries(options.settings))
        words.push(`aerovnet.${name}=${value}`);
    const emulator = new options.V86({
        ...options.between ? {wasm_fn: processor(options.wasm, options.between)} : {wasm_path: options.wasm},
        memory_size: MEMORY,
        vga_memory_size: 2 << 20,
        ...options.images,
        cmdline: words.join(" "),
        net_device: {type: "virtio"},
        uart1: true,
        disable_keyboard: true,
        disable_mouse: true,
        disable_speaker: true,
        autostart: true,
    });
    const capture = frame => options.captured?.(pcapRecord(frame));
    options.captured?.(pcapHeader());
    const peer = new Peer(frame => {
        capture(frame);
        emulator.bus.send("net0-receive", frame);
    }, options.calls);
    emulator.add_listener("net0-send", bytes => {
        const frame = new Uint8Array(bytes);
        capture(frame);
        peer.receive(frame);
    });
    emulator.add_listener("serial0-output-byte", lines(text => {
        options.console(text);
        if (/reboot: (System halted|Power down)/.test(text))
            options.ended(); // without ACPI a PC cannot turn itself off
    }));
    emulator.add_listener("serial1-output-byte", lines(text => {
        const event = parse(text);
        options.event(event);
        if (event.step === "numbered")
            options.event({step: "peer", ok: true, account: peer.account()});
        emulator.serial_send_bytes(1, new Uint8Array([10])); // vm/init waits for an answer to each report
    }));
    return {stop: () => emulator.destroy()};
}
