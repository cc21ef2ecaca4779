@echo off
rem SPDX-License-Identifier: MIT
rem
rem Takes aerovnet off this Windows: the driver package, the service, the file, the event source, the
rem test certificate.
rem
rem   uninstall.cmd         refuses while an adapter uses the driver
rem   uninstall.cmd /force  goes on all the same
rem
rem Exit status: 0 gone, 1 not, and what to do, 2 usage. Running it again changes nothing.
setlocal EnableExtensions DisableDelayedExpansion
set "THUMBPRINT=@THUMBPRINT@"
set "TOOLS=%SystemRoot%\System32"

set "FORCE="
if /i "%~1"=="/force" set "FORCE=yes"
if "%~1"=="" goto bitness
if defined FORCE goto bitness
echo usage: uninstall.cmd [/force]
exit /b 2

:bitness
if /i not "%PROCESSOR_ARCHITEW6432%"=="AMD64" goto start
"%SystemRoot%\Sysnative\cmd.exe" /d /c ""%~f0" %*"
exit /b

:start
call "%TOOLS%\reg" query "HKU\S-1-5-19" >nul 2>&1
if not errorlevel 1 goto adapters
echo FAILED: this needs an administrator. Start a command prompt with "Run as administrator" and run uninstall.cmd there.
exit /b 1

rem Windows 7 has no command that removes a device; Device Manager has.
:adapters
call "%TOOLS%\reg" query "HKLM\SYSTEM\CurrentControlSet\Enum\PCI" /s /d /e /f aerovnet >nul 2>&1
if errorlevel 1 goto packages
if defined FORCE goto packages
echo FAILED: an adapter uses the driver. In Device Manager (devmgmt.msc), right-click each "aerovnet virtio network adapter",
echo choose "Uninstall", tick "Delete the driver software for this device", and run uninstall.cmd again. For adapters that
echo are no longer plugged in, first: set devmgr_show_nonpresent_devices=1, start devmgmt.msc from the same window, View,
echo Show hidden devices. Or run "uninstall.cmd /force": the adapter is then without a driver.
exit /b 1

rem --- the driver store ---------------------------------------------------------------------------

:packages
set "FAILED="
for %%i in (%SystemRoot%\inf\oem*.inf) do call :package "%%~fi"
if not defined FAILED goto service
echo FAILED: pnputil did not remove %FAILED%. Close Device Manager and installers, restart Windows, and run uninstall.cmd again.
exit /b 1

:package
call "%TOOLS%\findstr" /l /i /c:"CatalogFile = aerovnet.cat" "%~1" >nul 2>&1
if errorlevel 1 exit /b 0
set "PNPUTIL_FORCE="
if defined FORCE set "PNPUTIL_FORCE=-f"
call "%TOOLS%\pnputil" %PNPUTIL_FORCE% -d "%~nx1"
if exist "%~1" set "FAILED=%~nx1"
if not exist "%~1" echo Removed: driver package %~nx1
exit /b 0

rem --- what an installation leaves ----------------------------------------------------------------

:service
call "%TOOLS%\reg" query "HKLM\SYSTEM\CurrentControlSet\services\aerovnet" >nul 2>&1
if errorlevel 1 goto event_source
call "%TOOLS%\sc" delete aerovnet >nul
if errorlevel 1 goto no_service
echo Removed: service aerovnet
goto event_source

:no_service
echo FAILED: the service aerovnet could not be deleted. Restart Windows and run uninstall.cmd again.
exit /b 1

:event_source
set "SOURCE=HKLM\SYSTEM\CurrentControlSet\services\eventlog\System\aerovnet"
call "%TOOLS%\reg" query "%SOURCE%" >nul 2>&1
if errorlevel 1 goto file
call "%TOOLS%\reg" delete "%SOURCE%" /f >nul
if errorlevel 1 goto no_event_source
echo Removed: event source aerovnet
goto file

:no_event_source
echo FAILED: the event source could not be removed. As an administrator, delete %SOURCE% with regedit.
exit /b 1

:file
set "DRIVER=%SystemRoot%\System32\drivers\aerovnet.sys"
if not exist "%DRIVER%" goto certificate
del /f "%DRIVER%" >nul 2>&1
if exist "%DRIVER%" goto no_file
echo Removed: %DRIVER%
goto certificate

:no_file
echo FAILED: %DRIVER% is in use. Restart Windows and run uninstall.cmd again.
exit /b 1

:certificate
if not defined THUMBPRINT goto done
for %%s in (Root TrustedPublisher) do call :forget %%s
:done
echo Done: nothing of aerovnet is installed. If nothing else needs test signing, "bcdedit /set testsigning off" turns it off.
exit /b 0

rem certutil fails when there is no such certificate: then there is nothing to remove.
:forget
call "%TOOLS%\certutil" -delstore %1 %THUMBPRINT% >nul 2>&1
if not errorlevel 1 echo Removed: test certificate from %1
exit /b 0
