@echo off
rem SPDX-License-Identifier: MIT
rem
rem Installs aerovnet @VERSION@, the virtio-net driver, on Windows 7 SP1 or Server 2008 R2 SP1.
rem
rem   install.cmd               imports the test certificate and installs the driver
rem   install.cmd /testsigning  turns on test signing too, if the driver needs it
rem   install.cmd /check        says what it finds and what it would do; changes nothing
rem   install.cmd /quiet        prints nothing and never waits for a key
rem   install.cmd /log FILE     appends the output to FILE instead of printing it
rem
rem Exit status:
rem   0  the driver is installed, and each virtio network card uses it (or there is no card yet)
rem   1  failed; the last lines say why and what to do
rem   2  wrong arguments
rem   3  installed, but Windows loads the driver only after test signing is turned on
rem   4  installed, but a card uses another driver or another version
rem   5  installed; restart Windows to finish
rem A second run changes nothing.
setlocal EnableExtensions DisableDelayedExpansion

rem Nothing here may come from the environment of the caller.
for %%v in (MODE QUIET LOG WAIT MISSING ARCH OPTIONS STORED KEPT RESTART LINE ADD) do set "%%v="
set "THUMBPRINT=@THUMBPRINT@"
set "NEEDS_TEST_SIGNING=@TESTSIGNING@"
set "HERE=%~dp0"
set "TOOLS=%SystemRoot%\System32"
set "STORE=%SystemRoot%\System32\DriverStore\FileRepository"
set "CURRENT=HKLM\SYSTEM\CurrentControlSet"

rem A 32-bit cmd on 64-bit Windows sees another System32, without pnputil. The path goes through a
rem variable, because a second cmd would expand a percent sign in it.
if /i not "%PROCESSOR_ARCHITEW6432%"=="AMD64" goto arguments
set "AEROVNET_SCRIPT=%~f0"
"%SystemRoot%\Sysnative\cmd.exe" /d /v:on /c ""!AEROVNET_SCRIPT!" %*"
exit /b

rem One command in each "if": Wine's cmd, which the tests use, takes "if a b & c" for "(if a b) & c".
:arguments
set "MODE=install"
if not "%~1"=="" goto next_argument
rem Explorer's window closes at the end. Its command line is: cmd /c "D:\install.cmd" and no more.
set "LINE=%CMDCMDLINE:"=%"
set "LINE=%LINE:*/c =%"
if /i "%LINE%"=="%~f0" set "WAIT=yes"
if /i "%LINE%"=="%~f0 " set "WAIT=yes"
rem The account of the system, which startup scripts run in, has nobody who presses a key.
if "%USERNAME:~-1%"=="$" set "WAIT="
goto run
:next_argument
if "%~1"=="" goto run
if /i "%~1"=="/check" goto check_argument
if /i "%~1"=="/testsigning" goto testsigning_argument
if /i "%~1"=="/quiet" goto quiet_argument
if /i "%~1"=="/log" goto log_argument
:usage
echo usage: install.cmd [/testsigning ^| /check] [/quiet] [/log FILE]
exit /b 2
:check_argument
if not "%MODE%"=="install" goto usage
set "MODE=check"
shift
goto next_argument
:testsigning_argument
if not "%MODE%"=="install" goto usage
set "MODE=testsigning"
shift
goto next_argument
:quiet_argument
set "QUIET=yes"
shift
goto next_argument
:log_argument
if "%~2"=="" goto usage
set "LOG=%~2"
shift
shift
goto next_argument

:run
if not defined LOG goto unlogged
(echo %DATE% %TIME% install.cmd)>>"%LOG%"
if not exist "%LOG%" goto no_log
call :work >>"%LOG%" 2>&1
set "STATUS=%ERRORLEVEL%"
if not defined QUIET echo install.cmd ended with status %STATUS%; its output is in %LOG%
exit /b %STATUS%
:no_log
if not defined QUIET echo FAILED: the log %LOG% cannot be written. Nothing was changed. Give another file.
exit /b 1
:unlogged
if not defined QUIET goto printed
call :work >nul 2>&1
set "STATUS=%ERRORLEVEL%"
exit /b %STATUS%
:printed
call :work
set "STATUS=%ERRORLEVEL%"
if defined WAIT pause
exit /b %STATUS%

:work
echo aerovnet @VERSION@

rem --- Windows ------------------------------------------------------------------------------------

set "WINDOWS=unknown"
for /f "delims=" %%v in ('ver') do set "WINDOWS=%%v"
if not "%WINDOWS:6.1.7601=%"=="%WINDOWS%" goto windows7
if not "%WINDOWS:6.1.7600=%"=="%WINDOWS%" goto no_service_pack
echo FAILED: this is %WINDOWS%. The driver is for Windows 7 SP1 (6.1.7601) and Server 2008 R2 SP1.
echo On another Windows, use a driver that is made for it.
exit /b 1

:no_service_pack
echo FAILED: this is %WINDOWS%: Windows 7 without Service Pack 1. Install Service Pack 1, then run install.cmd again.
exit /b 1

:windows7
if /i "%PROCESSOR_ARCHITECTURE%"=="x86" set "ARCH=x86"
if /i "%PROCESSOR_ARCHITECTURE%"=="AMD64" set "ARCH=x64"
if defined ARCH goto administrator
echo FAILED: the processor is %PROCESSOR_ARCHITECTURE%. There is a driver for x86 and one for x64 (AMD64).
exit /b 1

:administrator
set "PRODUCT=Windows 7"
call :read PRODUCT "HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion" ProductName
echo Windows:      %PRODUCT%, Service Pack 1, %ARCH%
rem Only an administrator may read the registry of the account "Local Service".
"%TOOLS%\reg.exe" query "HKU\S-1-5-19" >nul 2>&1
if not errorlevel 1 goto files
echo FAILED: this needs an administrator. Start a command prompt with "Run as administrator" and run install.cmd there.
exit /b 1

rem --- the files of this disk ---------------------------------------------------------------------

:files
set "HAVE_aerovnetm="
if exist "%HERE%%ARCH%\aerovnetm.inf" set "HAVE_aerovnetm=yes"
for %%f in (inf sys cat) do if not exist "%HERE%%ARCH%\aerovnet.%%f" set "MISSING=%ARCH%\aerovnet.%%f"
if not defined HAVE_aerovnetm goto certificate_file
for %%f in (sys cat) do if not exist "%HERE%%ARCH%\aerovnetm.%%f" set "MISSING=%ARCH%\aerovnetm.%%f"
:certificate_file
if not defined THUMBPRINT goto whole
if not exist "%HERE%aerovnet-test.cer" set "MISSING=aerovnet-test.cer"
:whole
if not defined MISSING goto test_signing
echo FAILED: %MISSING% is missing beside install.cmd. Copy the whole driver disk, with its folders, and run install.cmd there.
exit /b 1

rem The options that Windows was started with; unlike the output of bcdedit, they do not depend on the language.
:test_signing
set "OPTIONS=none"
call :read OPTIONS "%CURRENT%\Control" SystemStartOptions
set "TEST_SIGNING=off"
if not "%OPTIONS:TESTSIGNING=%"=="%OPTIONS%" set "TEST_SIGNING=on"
rem 64-bit Windows loads a driver whose certificate leads to Microsoft, or any with test signing on.
set "NEEDED=no"
if "%NEEDS_TEST_SIGNING%%ARCH%"=="yesx64" set "NEEDED=yes"
echo Test signing: %TEST_SIGNING% (needed: %NEEDED%)
if not defined THUMBPRINT echo Certificate:  the driver has no test certificate; nothing is imported

rem --- the cards ----------------------------------------------------------------------------------

call :cards list
if "%CARDS%"=="0" echo Card:         none with PCI id 1AF4:1000 or 1AF4:1041
if defined NEED_aerovnet goto chosen
if defined NEED_aerovnetm goto chosen
rem No card that either can drive: a card that comes later finds its driver.
set "NEED_aerovnet=yes"
set "NEED_aerovnetm=%HAVE_aerovnetm%"
:chosen
if not defined UNKNOWN goto plan
if defined NEED_aerovnet goto partly
echo FAILED: the card 1AF4:1041 is a modern-only device, and this disk has no aerovnetm for it. Use a complete driver disk,
echo or give the card its transitional form: in QEMU, disable-legacy=off or a conventional PCI slot. Nothing was changed.
exit /b 1

:partly
echo The card 1AF4:1041 is left alone: this disk has no aerovnetm for it.
set "NEED_aerovnetm="

rem Windows may give a card a driver that it cannot load yet; a card that works keeps the driver it has until then.
:plan
set "ADD=-i -a"
if "%NEEDED%%TEST_SIGNING%"=="yesoff" if defined OTHER set "ADD=-a"
if not "%MODE%"=="check" goto certificate
if defined THUMBPRINT echo Would import: aerovnet-test.cer, %THUMBPRINT%, into Root and TrustedPublisher
if defined NEED_aerovnet echo Would run:    pnputil %ADD% %ARCH%\aerovnet.inf
if defined NEED_aerovnetm echo Would run:    pnputil %ADD% %ARCH%\aerovnetm.inf
echo Nothing was changed.
exit /b 0

rem --- the certificate ----------------------------------------------------------------------------

:certificate
if not defined THUMBPRINT goto drivers
set "PLACE=Root"
"%TOOLS%\certutil.exe" -addstore -f Root "%HERE%aerovnet-test.cer" >nul
if errorlevel 1 goto no_certificate
set "PLACE=TrustedPublisher"
"%TOOLS%\certutil.exe" -addstore -f TrustedPublisher "%HERE%aerovnet-test.cer" >nul
if errorlevel 1 goto no_certificate
echo Certificate:  trusted (Root, TrustedPublisher)
goto drivers

:no_certificate
echo FAILED: certutil did not import aerovnet-test.cer into %PLACE%. A policy may forbid it: as an administrator, import
echo the file with certmgr.msc into "Trusted Root Certification Authorities" and "Trusted Publishers" of the computer,
echo then run install.cmd again.
exit /b 1

rem --- the drivers --------------------------------------------------------------------------------

:drivers
for %%d in (aerovnet aerovnetm) do if defined NEED_%%d call :install %%d
if not defined FAILED goto installed
echo FAILED: pnputil did not install %FAILED% (status %STATUS%). The reason is at the end of
echo %SystemRoot%\inf\setupapi.dev.log. If it names a signature or a hash: compare the files with SHA256SUMS
echo (certutil -hashfile FILE SHA256) and set the clock of this computer. Then run install.cmd again.
exit /b 1

rem The driver store is what counts: the status of pnputil is 259 also when a card has this driver already.
:install
"%TOOLS%\pnputil.exe" %ADD% "%HERE%%ARCH%\%1.inf"
set "STATUS=%ERRORLEVEL%"
if "%STATUS%"=="3010" set "RESTART=yes"
set "STORED="
for /f "delims=" %%r in ('dir /b /ad "%STORE%\%1.inf_*" 2^>nul') do call :same "%STORE%\%%r" %1
if not defined STORED set "FAILED=%ARCH%\%1.inf"
if not defined STORED exit /b 0
set "PUBLISHED="
for /f "delims=" %%r in ('dir /b /a-d "%SystemRoot%\inf\oem*.inf" 2^>nul') do call :published "%SystemRoot%\inf\%%r" %1
echo Driver:       %1 is in the driver store (%PUBLISHED%)
exit /b 0

rem INF and driver, byte for byte: two builds can have one INF.
:same
"%TOOLS%\fc.exe" /b "%~1\%2.inf" "%HERE%%ARCH%\%2.inf" >nul 2>&1
if errorlevel 1 exit /b 0
"%TOOLS%\fc.exe" /b "%~1\%2.sys" "%HERE%%ARCH%\%2.sys" >nul 2>&1
if not errorlevel 1 set "STORED=yes"
exit /b 0

:published
"%TOOLS%\fc.exe" /b "%~1" "%HERE%%ARCH%\%2.inf" >nul 2>&1
if not errorlevel 1 set "PUBLISHED=%~nx1"
exit /b 0

rem --- which driver the cards have now ------------------------------------------------------------

:installed
call :cards list
if "%NEEDED%%TEST_SIGNING%"=="yesoff" goto turn_on
if defined OTHER goto other_driver
if defined BARE goto no_driver
if defined RESTART goto restart
if defined KEPT goto other_version
if "%CARDS%"=="0" echo Done. There is no card yet; one that is added later uses this driver.
if not "%CARDS%"=="0" echo Done. Each card uses this driver.
exit /b 0

:restart
echo Done. Restart Windows to finish.
exit /b 5

:other_driver
echo NOT USED: Windows left the card %OTHER_CARD% with the driver %OTHER%.
echo To change over: in Device Manager (devmgmt.msc), right-click "%OTHER_NAME%", choose "Update Driver
echo Software", "Browse my computer", "Let me pick from a list", and pick "aerovnet virtio network adapter". Note a static
echo IP address before: it belongs to the old adapter and must be entered again.
exit /b 4

:other_version
echo NOT USED: the card runs version %KEPT% of the driver; this disk has @VERSION@. Windows keeps a newer version.
echo To change over: uninstall the adapter in Device Manager with "Delete the driver software for this device",
echo then run install.cmd again.
exit /b 4

:no_driver
echo FAILED: the driver is in the driver store, but the card %BARE% has none. The reason is at the end of
echo %SystemRoot%\inf\setupapi.dev.log. In Device Manager (devmgmt.msc), choose "Scan for hardware changes" and look at
echo the status of the card. If the card was removed from the machine, uninstall its hidden entry there.
exit /b 1

rem --- test signing -------------------------------------------------------------------------------

:turn_on
if not "%MODE%"=="testsigning" goto tell
"%TOOLS%\bcdedit.exe" /set testsigning on >nul
if not errorlevel 1 goto turned_on
echo FAILED: bcdedit did not turn on test signing. Run "bcdedit /set testsigning on" as an administrator and read its message.
exit /b 1

:turned_on
if defined OTHER goto turned_on_beside
echo Done. Restart Windows: test signing is on after it, and the driver runs.
exit /b 5
:turned_on_beside
echo Restart Windows, then run install.cmd again. Until then the card keeps the driver %OTHER%.
exit /b 3

:tell
echo NOT YET: 64-bit Windows loads this driver only while test signing is on.
if defined OTHER goto tell_beside
echo Run "bcdedit /set testsigning on" and restart Windows. Nothing needs to be installed again.
exit /b 3
:tell_beside
echo Run "bcdedit /set testsigning on", restart Windows, and run install.cmd again. Until then the card keeps the
echo driver %OTHER%.
exit /b 3

rem --- subroutines: the registry ------------------------------------------------------------------

rem read VARIABLE KEY VALUE: sets the variable to the data of the value, if that is there.
:read
for /f "tokens=1,2,*" %%a in ('call "%TOOLS%\reg.exe" query "%~2" /v %3 2^>nul') do if /i "%%a"=="%3" if not "%%c"=="" set "%1=%%c"
exit /b 0

rem read_two VARIABLE VARIABLE KEY VALUE VALUE: the same for two values of a key, with one start of reg.exe.
:read_two
for /f "tokens=1,2,*" %%a in ('call "%TOOLS%\reg.exe" query "%~3" 2^>nul') do (
    if /i "%%a"=="%4" if not "%%c"=="" set "%1=%%c"
    if /i "%%a"=="%5" if not "%%c"=="" set "%2=%%c"
)
exit /b 0

rem cards list: prints each network card of VEN_1AF4, and sets
rem   CARDS            how many there are
rem   NEED_aerovnet, NEED_aerovnetm   if a card needs that driver
rem   OTHER, OTHER_CARD, OTHER_NAME   a card that is plugged in and has another driver
rem   BARE             a card without driver
rem   KEPT             the version of our driver that a card uses, if it is not this disk's
rem   UNKNOWN          a card for which this disk has no driver
:cards
set "CARDS=0"
for %%v in (NEED_aerovnet NEED_aerovnetm OTHER OTHER_CARD OTHER_NAME BARE KEPT UNKNOWN FAILED) do set "%%v="
for /f "delims=" %%k in ('call "%TOOLS%\reg.exe" query "%CURRENT%\Enum\PCI" 2^>nul') do call :model "%%k"
exit /b 0

rem model KEY: one id below Enum\PCI; each of its subkeys is a card.
:model
set "ID=%~1"
set "ID=%ID:*\Enum\PCI\=%"
set "DRIVER="
if /i "%ID:~0,17%"=="VEN_1AF4&DEV_1000" set "DRIVER=aerovnet"
if /i "%ID:~0,17%"=="VEN_1AF4&DEV_1041" set "DRIVER=aerovnetm"
if not defined DRIVER exit /b 0
for /f "delims=" %%i in ('call "%TOOLS%\reg.exe" query "%~1" 2^>nul') do call :card "%%i"
exit /b 0

:card
set "PATH_OF_CARD=%~1"
set "PATH_OF_CARD=%PATH_OF_CARD:*\Enum\=%"
if /i "%PATH_OF_CARD%"=="PCI\%ID%" exit /b 0
set "SHOWN=1AF4:%ID:~13,4%"
for %%v in (SERVICE CLASS_KEY NAME RUNNING PRESENT) do set "%%v="
call :read_two SERVICE CLASS_KEY "%~1" Service Driver
if not defined CLASS_KEY goto described
call :read_two NAME RUNNING "%CURRENT%\Control\Class\%CLASS_KEY%" DriverDesc DriverVersion
:described
if not defined SERVICE goto without
rem The service's own list has the cards that are plugged in; Enum\PCI also remembers others.
for /f "tokens=2,*" %%a in ('call "%TOOLS%\reg.exe" query "%CURRENT%\services\%SERVICE%\Enum" 2^>nul') do if /i "%%b"=="%PATH_OF_CARD%" set "PRESENT=yes"
if defined PRESENT goto present
echo Card:         %SHOWN%, not plugged in now; its driver was %SERVICE%
exit /b 0
:present
set /a CARDS+=1
set "NEED_%DRIVER%=yes"
if /i "%SERVICE%"=="%DRIVER%" goto ours
echo Card:         %SHOWN%, uses the driver %SERVICE% (%NAME% %RUNNING%)
set "OTHER=%SERVICE%"
set "OTHER_CARD=%SHOWN%"
set "OTHER_NAME=%NAME%"
goto known
:ours
echo Card:         %SHOWN%, uses the driver %SERVICE% %RUNNING%
if not defined RUNNING set "RUNNING=unknown"
"%TOOLS%\fc.exe" /b "%TOOLS%\drivers\%DRIVER%.sys" "%HERE%%ARCH%\%DRIVER%.sys" >nul 2>&1
if errorlevel 1 set "KEPT=%RUNNING%"
goto known
:without
set /a CARDS+=1
set "NEED_%DRIVER%=yes"
set "BARE=%SHOWN%"
echo Card:         %SHOWN%, has no driver
:known
if "%DRIVER%%HAVE_aerovnetm%"=="aerovnetm" set "UNKNOWN=yes"
exit /b 0
