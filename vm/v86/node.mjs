// SPDX-License-Identifier: MIT
// node.mjs: runs the emulated PC under node, for vm/v86_machine.py.
//   node vm/v86/node.mjs '{"v86": DIRECTORY, "images": {NAME: FILE}, "settings": {...}, "calls": N,
//                          "log": FILE, "capture": FILE or null, "between": [MODULE, NAME] or null}'
// The events of pc.mjs go to standard output as they come, one JSON object a line. The console goes to
// `log`. With `between` the function of that name in MODULE makes what stands before the ports. The process
// ends when its standard input does, so that nothing is left when its starter has gone.

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

function say(object) {
    writeSync(1, JSON.stringify(object) + "\n");
}

function end(status) {
    closeSync(log);
    if (capture)
        closeSync(capture);
    process.exit(status);
}

process.stdin.on("end", () => end(1)).on("error", () => end(1)).resume();

// v86 says what it finds odd on the console of JavaScript; standard output is not for that.
for (const name of ["log", "warn", "error", "info", "debug"])
    console[name] = (...words) => writeSync(log, `v86: ${words.join(" ")}\n`);

const images = Object.fromEntries(
    Object.entries(options.images).map(([name, file]) => [name, image(file)]));
const wasm = join(build, "v86.wasm");
let between = null;
if (options.between) {
    const [file, name] = options.between;
    between = (await import(pathToFileURL(file))).between(name);
}
startPc({
    V86,
    images,
    wasm: between ? readFileSync(wasm) : wasm,
    between,
    settings: options.settings,
    calls: options.calls,
    captured: capture ? bytes => writeSync(capture, bytes) : undefined,
    console: text => writeSync(log, text + "\n"),
    event: say,
    ended: () => end(0),
});
