// SPDX-License-Identifier: MIT
// page.mjs: runs the emulated PC in a browser's tab, for vm/v86_browser.py, and shows what ./run says of it.
//
// POST run starts a run. Its answer does not end before the run does: JSON objects, a line each, the
// settings first, then what the page is to show. The tab sends POST report: a list of {event}, {console},
// {ended} and {error}, in the order in which they happened. POST capture has the frames as a pcap.

import {startPc} from "./pc.mjs";

const CONSOLE_LINES = 500;
const result = document.getElementById("result");
const words = document.getElementById("words");
let current, since; // the row of the step that is under way

function conclude(state, text) {
    result.dataset.state = state;
    result.textContent = text;
}

function cell(row, text) {
    row.insertCell().textContent = text;
}

function seconds() {
    return `${((Date.now() - since) / 1000).toFixed(1)} s`;
}

function remove() {
    current?.remove();
    current = undefined;
}

const show = {
    begin({step}) {
        remove();
        current = document.getElementById("steps").insertRow();
        since = Date.now();
        for (const text of ["…", step, seconds(), ""])
            cell(current, text);
        conclude("running", `running: ${step}`);
    },
    note({text}) {
        if (current)
            current.cells[3].textContent = text;
    },
    done({mark, step, seconds, text}) {
        remove();
        const row = document.getElementById("steps").insertRow();
        row.className = mark;
        for (const one of [mark, step, `${seconds.toFixed(1)} s`, text])
            cell(row, one);
    },
    say({text}) {
        words.hidden = false;
        words.textContent += text + "\n";
    },
    end({state, text}) {
        conclude(state, text);
    },
};

setInterval(() => {
    if (current)
        current.cells[2].textContent = seconds();
}, 500);

const consoleLines = [];
function showConsole(text) {
    const box = document.getElementById("console");
    consoleLines.push(text);
    consoleLines.splice(0, consoleLines.length - CONSOLE_LINES);
    box.textContent = consoleLines.join("\n");
    box.scrollTop = box.scrollHeight;
}

// Sends reports one batch at a time, so that they arrive in order.
class Reports {
    constructor(run) {
        this.run = run;
        this.waiting = [];
        this.sending = false;
    }

    add(report) {
        this.waiting.push(report);
        if (!this.sending)
            this.send();
    }

    async post(what, body) {
        const answer = await fetch(`${what}?run=${this.run}`, {method: "POST", body});
        if (!answer.ok)
            throw new Error(`${what}: ${answer.status} ${answer.statusText}`);
    }

    async send() {
        this.sending = true;
        try {
            while (this.waiting.length)
                await this.post("report", JSON.stringify(this.waiting.splice(0)));
        } catch {
            // ./run has ended, which the other connection tells
        }
        this.sending = false;
    }
}

async function* linesOf(stream) {
    let rest = "";
    for (const reader = stream.pipeThrough(new TextDecoderStream()).getReader(); ;) {
        const {value, done} = await reader.read();
        if (done)
            return;
        const lines = (rest + value).split("\n");
        rest = lines.pop();
        yield* lines.filter(line => line);
    }
}

let pc; // the collector must not take it

async function boot({run, settings, calls}) {
    const reports = new Reports(run);
    const fail = error => reports.add({error: String(error?.message ?? error)});
    addEventListener("error", event => fail(event.message));
    addEventListener("unhandledrejection", event => fail(event.reason));
    const frames = [];
    const image = name => ({url: `images/${name}`});
    const {V86} = await import("./libv86.mjs");
    pc = startPc({
        V86,
        images: Object.fromEntries(["bios", "vga_bios", "bzimage", "initrd"].map(name => [name, image(name)])),
        wasm: "v86.wasm",
        settings,
        calls,
        captured: bytes => frames.push(bytes),
        console: text => {
            showConsole(text);
            reports.add({console: text});
        },
        event: event => reports.add({event}),
        ended: async () => {
            await reports.post("capture", new Blob(frames));
            reports.add({ended: true});
        },
    });
}

async function main() {
    const answer = await fetch("run", {method: "POST", body: navigator.userAgent});
    if (!answer.ok)
        return conclude("failed", await answer.text());
    conclude("running", "./run starts the machine");
    let ended = false;
    for await (const line of linesOf(answer.body)) {
        const {kind, ...what} = JSON.parse(line);
        if (kind === "settings")
            boot(what).catch(error => dispatchEvent(new ErrorEvent("error", {message: String(error)})));
        else
            show[kind](what);
        ended ||= kind === "end";
    }
    pc?.stop();
    if (!ended)
        conclude("failed", "./run has ended: start it again, and load its page");
}

main().catch(error => conclude("failed", `./run does not answer: ${error.message}`));
