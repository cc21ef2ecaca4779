// SPDX-License-Identifier: MIT
// node.mjs: runs the emulated PC under node, for vm/v86_machine.py.
//   node vm/v86/node.mjs '{"v86": DIRECTORY, "images": {NAME: FILE}, "settings": {...}, "calls": N,
//                          "log": FILE, "capture": FILE or null}'
// vm/init's events go to standard output as they come, one JSON object a line, and {"step": "peer"}
// with the peer's account before the event that follows `numbered`. The console goes to `log`. The
// process ends when its standard input does, so that nothing is left when its starter has gone.

import {closeSync, openSync, readFileSync, writeSync} from "node:fs";
import {join} from "node:path";
import {pathToFileURL} from "node:url";
import {startPc} from "./pc.mjs";

const options = JSON.parse(process.argv[2]);
const build = join(options.v86, "build");
const {V86} = await import(pathToFileURL(join(build, "libv86.mjs")));
const log = openSync(options.log, "w");
const capture = options.capture ? openSync(options.capture, "w") : null;

function image(file) {
    const bytes = readFileSync(file);
    return {buffer: bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length)};
}

// https://www.tcpdump.org/manpages/pcap-savefile.5.html
function keepFrame(frame) {
    const now = Date.now();
    const record = new Uint32Array([Math.floor(now / 1000), now % 1000 * 1000, frame.length, frame.length]);
    writeSync(capture, record);
    writeSync(capture, frame);
}

function say(object) {
    writeSync(1, JSON.stringify(object) + "\n");
}

function end(status) {
    closeSync(log);
    if (capture)
        closeSync(capture);
    process.exit(status);
}

if (capture)
    writeSync(capture, new Uint8Array(new Uint32Array([0xa1b2c3d4, 0x00040002, 0, 0, 65535, 1]).buffer));
process.stdin.on("end", () => end(1)).on("error", () => end(1)).resume();

// v86 says what it finds odd on the console of JavaScript; standard output is not for that.
for (const name of ["log", "warn", "error", "info", "debug"])
    console[name] = (...words) => writeSync(log, `v86: ${words.join(" ")}\n`);

const images = Object.fromEntries(
    Object.entries(options.images).map(([name, file]) => [name, image(file)]));
const pc = startPc({
    V86,
    images,
    wasm: join(build, "v86.wasm"),
    settings: options.settings,
    calls: options.calls,
    frame: capture ? keepFrame : undefined,
    console: text => {
        writeSync(log, text + "\n");
        if (/reboot: (System halted|Power down)/.test(text))
            end(0); // without ACPI a PC cannot turn itself off
    },
    event: object => {
        say(object);
        if (object.step === "numbered")
            say({step: "peer", ok: true, account: pc.peer.account()});
    },
});
