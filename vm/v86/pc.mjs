// SPDX-License-Identifier: MIT
// pc.mjs: the emulated PC, in node or in a browser: v86 with SeaBIOS, Debian's i386 kernel, the
// project's initramfs and a virtio-net device, whose cable leads to a Peer.
//
//   const pc = startPc({V86, images, wasm, settings, calls, console: text => ..., event: object => ...,
//                       frame: (bytes, fromDevice) => ...})
//   pc.peer.account();  pc.stop();
//
// images: {bios, vga_bios, bzimage, initrd}, each as v86 has images: {buffer} or {url}.
// settings: what vm/init finds as aerovnet.NAME=VALUE. event: vm/init's lines of JSON.

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

export function startPc(options) {
    const words = ["console=ttyS0", "quiet", "panic=-1", "mitigations=off", "random.trust_cpu=on"];
    for (const [name, value] of Object.entries(options.settings))
        words.push(`aerovnet.${name}=${value}`);
    const emulator = new options.V86({
        wasm_path: options.wasm,
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
    const peer = new Peer(frame => {
        options.frame?.(frame, false);
        emulator.bus.send("net0-receive", frame);
    }, options.calls);
    emulator.add_listener("net0-send", bytes => {
        const frame = new Uint8Array(bytes);
        options.frame?.(frame, true);
        peer.receive(frame);
    });
    emulator.add_listener("serial0-output-byte", lines(text => options.console(text)));
    emulator.add_listener("serial1-output-byte", lines(text => {
        options.event(parse(text));
        emulator.serial_send_bytes(1, new Uint8Array([10])); // vm/init waits for an answer to each report
    }));
    return {peer, stop: () => emulator.destroy()};
}
