/* SPDX-License-Identifier: MIT */
/* The help of every command; see help.h. No line has more than 100 columns. */
#include "cli/help.h"

#include <string.h>
#include "bus/bus.h"
#include "cli/commands.h"
#include "ndis/api/liberty.h"
#include "net/net.h"

/* ---- run ---- */

static const char run_head[] =
    "usage: ndishost run --bus BUS --net NET [--bus BUS --net NET ...] [options] DRIVER.sys\n"
    "\n"
    "Loads a driver, adds an adapter, and carries frames through it. DRIVER.sys is a 64-bit "
    "driver\n"
    "(x64); `ndishost32` runs 32-bit drivers (x86).\n"
    "The run ends when the network end is done, the time is up, or ndishost gets a signal. "
    "ndishost then\n"
    "pauses and halts the adapter, unloads the driver, and reports leaks. A second signal ends "
    "ndishost\n"
    "at once.\n"
    "\n"
    "Each --bus adds an adapter, up to 8. --net, --pcap, --pcap-wire and --set apply to the "
    "adapter of\n"
    "the last --bus before them. A --set before the first --bus applies to all adapters.\n"
    "\n"
    "The device (--bus):\n";

static const char run_options[] =
    "\nOptions:\n"
    "  --seed N            repeat the random decisions of the run that printed this seed\n"
    "  --processors N      number of processors that the driver sees, 1 to 16 (default 2)\n"
    "  --seconds S         stop after S seconds, for example 2.5\n"
    "  --shape SHAPE       random (default): take all liberties that Windows has, for instance "
    "spread\n"
    "                      each frame over many MDLs; they are listed below. middle: all but\n"
    "                      split-header, empty-first and sg-late. plain: chains alone.\n"
    "                      1 to 8: as plain, with each frame in so many MDLs. More words add a\n"
    "                      liberty, or leave one out: --shape plain,offset or random,-offset\n"
    "  --shape-search      if the run fails, run again with fewer liberties until it passes, and "
    "name\n"
    "                      those that the failure needs\n"
    "  --inf FILE          install the parameters of the driver's INF for each adapter: its\n"
    "                      service, its values and the defaults of Ndi\\params. --set overrides "
    "them\n"
    "  --hold MICROSECONDS keep each chain of received lists for up to this time; 0: return it at\n"
    "                      once (default: what --shape says)\n"
    "  --hold Nf           keep it until up to N more frames are received\n"
    "  --set NAME=VALUE    set a keyword in the adapter's registry key to a string, or to a "
    "number\n"
    "                      with NAME=dword:N. Repeat the option for more keywords\n"
    "  --rules on|off      off: do not check rules on the path of a frame (default on)\n"
    "  --pedantic          also report what drivers break and no device minds: "
    "virtio-status-order\n"
    "                      and virtio-pci-cfg-window\n"
    "  --patch on|off      off: leave the driver's moves from and to CR8 and its reads of\n"
    "                      KUSER_SHARED_DATA as they are: each faults, and takes longer (default "
    "on)\n"
    "  --fail-allocation N let the driver's N-th allocation fail; -N: that one and all later ones\n"
    "  --fail FUNCTION[:N] let the N-th call of this NDIS or kernel function fail (default 1); "
    "-N:\n"
    "                      that call and all later ones. `allocation` stands for all functions "
    "that\n"
    "                      allocate. For a wrong name, the error lists all functions that can "
    "fail\n"
    "  --hang S            end the run when a call of the driver takes longer than S seconds, and\n"
    "                      report what it waits for (default 300; 0: never)\n"
    "  --retry             if Initialize fails, call it once more without injected failures\n"
    "  --time-scale N      let the driver's time pass N times as fast, up to 1000 (default 1). "
    "This\n"
    "                      affects its timers, its sleeps and its time limits\n"
    "  --map-registers N   let all scatter/gather lists share N map registers, one for each "
    "element.\n"
    "                      A list waits until enough are free (default: no limit)\n"
    "  --messages N        assign a device whose INF sets MSISupported at most N interrupt "
    "messages; 0:\n"
    "                      its line (default: one for each entry of its MSI-X table, up to 64)\n"
    "  --queue-size N      let the device of a single adapter offer queues of at most N entries\n"
    "  --memory MIB        physical memory in MiB (default 5120; 64 of huge pages for --bus pci)\n"
    "  --pcap FILE         write the frames that cross the miniport to FILE, for tshark\n"
    "  --pcap-wire FILE    write the frames that the device sends to FILE, for tshark\n"
    "  --json FILE|-       write the report as one JSON object; - is standard output\n"
    "  --control -|SOCKET  read scenario commands from standard input, or from a client of the "
    "Unix\n"
    "                      socket SOCKET, which ndishost creates. The commands are below. `@2 `\n"
    "                      before a command sends it to the second adapter. The run then ends "
    "with\n"
    "                      `quit`, or when both standard input and the traffic have ended\n"
    "  --debug-output      show the driver's debug output\n"
    "  --progress          print one line per second to standard error (default on a terminal)\n"
    "  --quiet             print errors only\n";

static const char run_liberties[] = "\nLiberties (--shape):\n";

static const char run_commands[] =
    "\nCommands of scenario control (--control). Each gets one line of reply, "
    "`ok ...` or `error ...`:\n";

static const char run_tail[] =
    "\n"
    "Exit status:\n"
    "  0  the run was clean\n"
    "  1  the driver's Initialize failed, a frame is not accounted for, the bus failed, or "
    "ndishost\n"
    "     could not write the complete report or capture\n"
    "  2  the command line is wrong; there is no such driver, or it needs an import that ndishost "
    "does\n"
    "     not have; ndishost cannot start the bus or the network end\n"
    "  3  the driver broke a rule, leaked or crashed\n"
    "\n"
    "Examples:\n"
    "  ndishost run --bus model --net gen:count=1000 aerovnet.sys\n"
    "  ndishost run --bus 'qtest:-device virtio-net-pci' --net echo --seconds 10 aerovnet.sys\n"
    "  ndishost run --bus pci:0000:00:03.0 --net tap:aero0 --pcap frames.pcap aerovnet.sys\n"
    "  ndishost run --bus model --net gen:count=1000 --bus qtest --net echo:count=1000 "
    "aerovnet.sys\n"
    "  printf 'pause\\nrestart\\nquit\\n' | ndishost run --bus model --net none --control - "
    "x.sys\n";

static void run_help(FILE *out)
{
    fputs(run_head, out);
    bus_help(out);
    fputs("\nThe network ends (--net):\n", out);
    net_help(out);
    fputs(run_options, out);
    fputs(run_liberties, out);
    liberty_help(out);
    fputs(run_commands, out);
    commands_help(out);
    fputs(run_tail, out);
}

/* ---- The others ---- */

static const char imports_text[] =
    "usage: ndishost imports DRIVER.sys\n"
    "\n"
    "Lists what a driver imports, one line for each: what ndishost does with it, the module, the "
    "name,\n"
    "and where it is documented or why it is missing. Nothing of the driver runs.\n"
    "  present   ndishost has the function\n"
    "  stubbed   Windows 7 has the function, and ndishost does not: a call of it ends the run\n"
    "  unknown   ndishost has no table of the module, or Windows 7 has no such function\n"
    "\n"
    "Exit status:\n"
    "  0  Windows 7 loads the driver\n"
    "  1  Windows 7 does not load it, because an import is missing there\n"
    "  2  the file is not a driver for this architecture\n";

static const char rules_text[] =
    "usage: ndishost rules           list the rules that ndishost checks, one per line\n"
    "       ndishost rules RULE      explain one rule\n"
    "\n"
    "The explanation has what the rule demands, the page that says so, and the source of a small "
    "driver\n"
    "that breaks it. For a wrong name, the error lists the rules with a similar name.\n"
    "\n"
    "Exit status:\n"
    "  0  the rules were printed\n"
    "  2  there is no such rule\n";

static const char inf_text[] = "usage: ndishost inf FILE.inf [ID...]\n"
                               "\n"
                               "Lists what an INF writes to the registry for an adapter with these "
                               "hardware ids, the most specific\n"
                               "id first. Without a match it is the first model of the INF.\n"
                               "\n"
                               "Exit status:\n"
                               "  0  the values were printed\n"
                               "  2  the file is not an INF for a network adapter of Windows 7\n";

static const char check_text[] =
    "usage: ndishost check-device --bus BUS [--link-seconds N] DRIVER.sys\n"
    "       ndishost check-device --clauses    list the clauses: number, part, title\n"
    "\n"
    "Checks a virtio-net device against the contract of aerovnet.sys, clause by clause.\n"
    "  --bus BUS           the device; `ndishost run --help` has the list\n"
    "  --link-seconds N    wait N seconds for somebody to change the device's link, 1 to 3600\n"
    "  --quiet             print failed clauses only\n"
    "\n"
    "Exit status:\n"
    "  0  the device keeps every clause\n"
    "  1  it breaks a clause\n"
    "  2  the command line is wrong, or the device cannot be opened\n";

static const char test_text[] =
    "usage: ndishost test [options] DRIVER.sys [JOB...]\n"
    "\n"
    "Runs jobs of Windows' logo test for LAN miniports against a driver. JOB is a job, or a part "
    "of a\n"
    "test's name; without it all tests run. The result is TAP: one line per test. A test that asks "
    "for\n"
    "something that the driver or its bus does not have is skipped: `not applicable: reason`.\n"
    "\n"
    "Options:\n"
    "  --inf FILE          the driver's INF: its parameters, and which keywords it has\n"
    "  --bus BUS           the device; `ndishost run --help` has the list. Default: virtual for a\n"
    "                      driver that uses no function of hardware, model for others\n"
    "  --set NAME=VALUE    a keyword of the adapter, for all tests\n"
    "  --hang S            give up a call of the driver after S seconds (default 300)\n"
    "  --seed N            the random decisions (default 7601)\n"
    "  --timeout S         give up one run after S seconds (default 60)\n"
    "  --junit FILE        write the result as JUnit XML, too\n"
    "  --logs FOLDER       keep the output of each test there (default ndishost-test)\n"
    "  --jobs N            run N tests at once (default: the number of processors)\n"
    "  --shape-search      run a test that fails again, with fewer liberties of --shape, and name "
    "those\n"
    "                      that the failure needs\n"
    "  --list              print the names of the tests, and run nothing\n"
    "\n"
    "Exit status:\n"
    "  0  no test failed\n"
    "  1  a test failed\n"
    "  2  the command line is wrong, or the driver does not come up at all\n"
    "\n"
    "Example:\n"
    "  ndishost test --inf driver.inf --junit result.xml driver.sys 2c_Mini6Send LinkCheck\n";

static const char report_text[] =
    "usage: ndishost report FILE.json [-o FILE.html] [--object ADDRESS]\n"
    "\n"
    "Makes a page for a browser of the report that `ndishost run --json FILE.json` wrote: what "
    "ran, which\n"
    "rules were broken, where in the driver, and the timeline of each object that was in it.\n"
    "  -o FILE.html        write the page there (default FILE.html; - is standard output)\n"
    "  --object ADDRESS    show the timeline of this object alone\n"
    "\n"
    "Exit status:\n"
    "  0  the page was written\n"
    "  2  the file is not a report of ndishost, or the page cannot be written\n";

/* ---- All ---- */

static const struct command {
    const char *name, *does;
    const char *text; /* NULL: of `run`, whose help is made of many parts */
} table[] = {
    {"run", "run a driver on a device, with network ends", NULL},
    {"test", "run the logo test's jobs against a driver; TAP and JUnit", test_text},
    {"imports", "list a driver's imports: present, stubbed or unknown", imports_text},
    {"inf", "list what an INF writes to the registry", inf_text},
    {"rules", "list the rules that ndishost checks, or explain one", rules_text},
    {"report", "make a page for a browser of a run's JSON report", report_text},
    {"check-device", "check a device against the driver's contract, clause by clause", check_text},
};
#define COMMANDS (sizeof(table) / sizeof(table[0]))

static const char head[] =
    "ndishost runs a Windows 7 NDIS 6.x miniport driver on Linux. It takes the place of Windows, "
    "drives a\n"
    "device with the driver, carries frames through it, and reports each rule that the driver "
    "breaks.\n"
    "\n"
    "usage: ndishost COMMAND [options] [arguments]\n"
    "       ndishost COMMAND --help\n"
    "       ndishost -h | --help | --version\n"
    "\n"
    "Commands:\n";

static const char tail[] =
    "\n"
    "A driver is 64-bit (x64); `ndishost32` is the same program for 32-bit drivers (x86).\n"
    "First steps:\n"
    "  ndishost imports DRIVER.sys\n"
    "  ndishost run --bus model --net gen:count=1000 DRIVER.sys\n";

void help_print(const char *command, FILE *out)
{
    size_t i;

    for (i = 0; command && i < COMMANDS; i++) {
        if (strcmp(command, table[i].name))
            continue;
        if (table[i].text)
            fputs(table[i].text, out);
        else
            run_help(out);
        return;
    }
    fputs(head, out);
    for (i = 0; i < COMMANDS; i++)
        fprintf(out, "  %-14s%s\n", table[i].name, table[i].does);
    fputs(tail, out);
}

void help_names(char *buf, size_t size)
{
    size_t used = 0, i;

    *buf = 0;
    for (i = 0; i < COMMANDS && used < size; i++)
        used += (size_t)snprintf(buf + used, size - used, "%s`%s`",
                                 !i                 ? ""
                                 : i + 1 < COMMANDS ? ", "
                                                    : " and ",
                                 table[i].name);
}
