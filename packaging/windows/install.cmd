@echo off
rem SPDX-License-Identifier: MIT
rem
rem Installs aerovnet @VERSION@, the virtio-net driver, on Windows 7 SP1 (x86 or x64).
rem
rem   install.cmd               imports the test certificate, installs the driver
rem   install.cmd /testsigning  turns on test signing as well, where it is needed and off
rem   install.cmd /check        says what it finds and what it would do, and changes nothing
rem
rem Exit status: 0 installed (or nothing in the way of it), 1 not, and what to do, 2 usage,
rem 3 installed, but Windows will not load it before test signing is on.
rem Running it again changes nothing.
setlocal EnableExtensions DisableDelayedExpansion
set "THUMBPRINT=@THUMBPRINT@"
set "HERE=%~dp0"
set "TOOLS=%SystemRoot%\System32"

rem One command a line of an "if": Wine's cmd, which the tests use, takes "if a b & c" for "(if a b) & c".
set "MODE=install"
if /i "%~1"=="/check" set "MODE=check"
if /i "%~1"=="/testsigning" set "MODE=testsigning"
if "%~1"=="" goto bitness
if not "%MODE%"=="install" goto bitness
echo usage: install.cmd [/testsigning ^| /check]
exit /b 2

rem A 32-bit cmd on 64-bit Windows sees another System32, without pnputil.
:bitness
if /i not "%PROCESSOR_ARCHITEW6432%"=="AMD64" goto start
"%SystemRoot%\Sysnative\cmd.exe" /d /c ""%~f0" %*"
exit /b

:start
echo aerovnet @VERSION@

rem --- Windows ------------------------------------------------------------------------------------

set "WINDOWS=unknown"
for /f "delims=" %%v in ('ver') do set "WINDOWS=%%v"
if not "%WINDOWS:6.1.7601=%"=="%WINDOWS%" goto windows7
if not "%WINDOWS:6.1.7600=%"=="%WINDOWS%" goto no_service_pack
echo FAILED: this is %WINDOWS%. The driver is for Windows 7 SP1 (6.1.7601); on another Windows use a driver made for it.
exit /b 1

:no_service_pack
echo FAILED: this is %WINDOWS%: Windows 7 without Service Pack 1. Install Service Pack 1, then run install.cmd again.
exit /b 1

:windows7
set "ARCH="
if /i "%PROCESSOR_ARCHITECTURE%"=="x86" set "ARCH=x86"
if /i "%PROCESSOR_ARCHITECTURE%"=="AMD64" set "ARCH=x64"
if defined ARCH goto administrator
echo FAILED: the processor is %PROCESSOR_ARCHITECTURE%. There is a driver for x86 and for x64 (AMD64).
exit /b 1

rem Only an administrator may read the registry of the account "Local Service".
:administrator
echo Windows:      7 SP1, %ARCH%
call "%TOOLS%\reg" query "HKU\S-1-5-19" >nul 2>&1
if not errorlevel 1 goto files
echo FAILED: this needs an administrator. Start a command prompt with "Run as administrator" and run install.cmd there.
exit /b 1

rem --- what is here, what is set ------------------------------------------------------------------

:files
for %%f in (aerovnet.inf aerovnet.sys aerovnet.cat) do if not exist "%HERE%%ARCH%\%%f" set "MISSING=%ARCH%\%%f"
if not defined THUMBPRINT goto whole
if not exist "%HERE%aerovnet-test.cer" set "MISSING=aerovnet-test.cer"
:whole
if not defined MISSING goto test_signing
echo FAILED: %MISSING% is missing beside install.cmd. Copy the whole driver disk, with its folders, and run install.cmd there.
exit /b 1

rem The options that Windows was started with; unlike bcdedit's words they are the same in every language.
:test_signing
set "OPTIONS=none"
set "CONTROL=HKLM\SYSTEM\CurrentControlSet\Control"
for /f "tokens=2,*" %%a in ('call "%TOOLS%\reg" query "%CONTROL%" /v SystemStartOptions') do if not "%%b"=="" set "OPTIONS=%%b"
set "TEST_SIGNING=off"
if not "%OPTIONS:TESTSIGNING=%"=="%OPTIONS%" set "TEST_SIGNING=on"
set "NEEDED=no"
if defined THUMBPRINT if "%ARCH%"=="x64" set "NEEDED=yes"
echo Test signing: %TEST_SIGNING% (needed: %NEEDED%)
if not defined THUMBPRINT echo Certificate:  the driver is not signed with a test certificate; nothing is to be imported

if not "%MODE%"=="check" goto certificate
if defined THUMBPRINT echo Would import: aerovnet-test.cer, %THUMBPRINT%, into Root and TrustedPublisher
echo Would run:    pnputil -i -a %ARCH%\aerovnet.inf
echo Nothing was changed.
exit /b 0

rem --- the certificate ----------------------------------------------------------------------------

:certificate
if not defined THUMBPRINT goto driver
set "STORE=Root"
call "%TOOLS%\certutil" -addstore -f Root "%HERE%aerovnet-test.cer" >nul
if errorlevel 1 goto no_certificate
set "STORE=TrustedPublisher"
call "%TOOLS%\certutil" -addstore -f TrustedPublisher "%HERE%aerovnet-test.cer" >nul
if errorlevel 1 goto no_certificate
echo Certificate:  trusted (Root, TrustedPublisher)
goto driver

:no_certificate
echo FAILED: certutil did not import aerovnet-test.cer into %STORE%. A policy may forbid it: as an administrator, import
echo the file by hand with certmgr.msc into "Trusted Root Certification Authorities" and "Trusted Publishers" of the
echo computer, then run install.cmd again.
exit /b 1

rem --- the driver ---------------------------------------------------------------------------------

rem pnputil's status is no witness: 259 means "no device for it, or it has this driver already", 3010 "restart". The
rem driver store's copy of the INF is.
:driver
call "%TOOLS%\pnputil" -i -a "%HERE%%ARCH%\aerovnet.inf"
set "STATUS=%ERRORLEVEL%"
set "STORED="
for %%i in (%SystemRoot%\inf\oem*.inf) do call :compare "%%~fi"
if defined STORED goto stored
echo FAILED: pnputil did not take the driver (status %STATUS%). The reason is at the end of %SystemRoot%\inf\setupapi.dev.log.
echo If it speaks of a signature or hash: compare the files with SHA256SUMS (certutil -hashfile FILE SHA256) and set this
echo computer's clock. Then run install.cmd again.
exit /b 1

:compare
call "%TOOLS%\fc" /b "%~1" "%HERE%%ARCH%\aerovnet.inf" >nul 2>&1
if not errorlevel 1 set "STORED=%~nx1"
exit /b 0

:stored
echo Driver:       installed (%STORED%)
if "%STATUS%"=="3010" echo Restart Windows to finish.
if "%NEEDED%%TEST_SIGNING%"=="yesoff" goto turn_on
echo Done. An adapter that is there already, or is added later, uses this driver.
exit /b 0

:turn_on
if not "%MODE%"=="testsigning" goto tell
call "%TOOLS%\bcdedit" /set testsigning on >nul
if not errorlevel 1 goto turned_on
echo FAILED: bcdedit did not turn on test signing. Run "bcdedit /set testsigning on" as an administrator and read what it says.
exit /b 1

:turned_on
echo Done. Test signing will be on after a restart: restart Windows.
exit /b 0

:tell
echo NOT YET: 64-bit Windows loads a driver with a test signature only while test signing is on.
echo Run "bcdedit /set testsigning on" and restart Windows. Nothing needs to be installed again.
exit /b 3
