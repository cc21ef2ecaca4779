@echo off
rem SPDX-License-Identifier: MIT
rem
rem Removes aerovnet from this Windows: driver packages, services, files, event sources, the test
rem certificate, and what tools/inject added to the disk. It names what it leaves, and why.
rem
rem   uninstall.cmd         refuses while an adapter uses the driver
rem   uninstall.cmd /force  removes the driver nevertheless; the adapter is then without one
rem
rem Exit status: 0 removed, 1 failed (the last lines say why and what to do), 2 wrong arguments.
rem A second run changes nothing.
setlocal EnableExtensions DisableDelayedExpansion
for %%v in (FORCE FAILED IN_USE NEW PART OPTIONS) do set "%%v="
set "THUMBPRINT=@THUMBPRINT@"
set "TOOLS=%SystemRoot%\System32"
set "CURRENT=HKLM\SYSTEM\CurrentControlSet"
set "SOFTWARE=HKLM\SOFTWARE\Microsoft\Windows\CurrentVersion"

if /i "%~1"=="/force" set "FORCE=yes"
if "%~1"=="" goto bitness
if defined FORCE goto bitness
echo usage: uninstall.cmd [/force]
exit /b 2

:bitness
if /i not "%PROCESSOR_ARCHITEW6432%"=="AMD64" goto start
set "AEROVNET_SCRIPT=%~f0"
"%SystemRoot%\Sysnative\cmd.exe" /d /v:on /c ""!AEROVNET_SCRIPT!" %*"
exit /b

:start
"%TOOLS%\reg.exe" query "HKU\S-1-5-19" >nul 2>&1
if not errorlevel 1 goto adapters
echo FAILED: this needs an administrator. Start a command prompt with "Run as administrator" and run uninstall.cmd there.
exit /b 1

rem Windows 7 has no command that removes a device; Device Manager does it.
:adapters
for /f "delims=" %%k in ('call "%TOOLS%\reg.exe" query "%CURRENT%\Enum\PCI" 2^>nul') do call :model "%%k"
if not defined IN_USE goto packages
if defined FORCE goto packages
echo FAILED: an adapter uses the driver. In Device Manager (devmgmt.msc), right-click each "aerovnet virtio network adapter",
echo choose "Uninstall", tick "Delete the driver software for this device", and run uninstall.cmd again. For adapters that
echo are no longer plugged in, first: set devmgr_show_nonpresent_devices=1, start devmgmt.msc from the same window, View,
echo Show hidden devices. Or run "uninstall.cmd /force": the adapter is then without a driver.
exit /b 1

rem model KEY: one id below Enum\PCI; each of its subkeys is a card, plugged in or not.
:model
set "ID=%~1"
set "ID=%ID:*\Enum\PCI\=%"
if /i not "%ID:~0,8%"=="VEN_1AF4" exit /b 0
for /f "delims=" %%i in ('call "%TOOLS%\reg.exe" query "%~1" 2^>nul') do call :card "%%i"
exit /b 0
:card
set "SERVICE="
for /f "tokens=1,2,*" %%a in ('call "%TOOLS%\reg.exe" query "%~1" /v Service 2^>nul') do if /i "%%a"=="Service" set "SERVICE=%%c"
if /i "%SERVICE%"=="aerovnet" set "IN_USE=yes"
if /i "%SERVICE%"=="aerovnetm" set "IN_USE=yes"
exit /b 0

rem --- the driver store ---------------------------------------------------------------------------

:packages
for /f "delims=" %%r in ('dir /b /a-d "%SystemRoot%\inf\oem*.inf" 2^>nul') do call :package "%SystemRoot%\inf\%%r"
if not defined FAILED goto services
echo FAILED: pnputil did not remove %FAILED%. Close Device Manager and installers, restart Windows, and run uninstall.cmd again.
exit /b 1

:package
"%TOOLS%\findstr.exe" /l /i /c:"CatalogFile = aerovnet" "%~1" >nul 2>&1
if errorlevel 1 exit /b 0
set "PNPUTIL_FORCE="
if defined FORCE set "PNPUTIL_FORCE=-f"
"%TOOLS%\pnputil.exe" %PNPUTIL_FORCE% -d "%~nx1"
if exist "%~1" set "FAILED=%~nx1"
if not exist "%~1" echo Removed: driver package %~nx1
exit /b 0

rem --- what an installation leaves ----------------------------------------------------------------

:services
for %%d in (aerovnet aerovnetm) do call :service %%d
if defined FAILED exit /b 1
goto injected

:service
set "KEY=%CURRENT%\services\%1"
"%TOOLS%\reg.exe" query "%KEY%" >nul 2>&1
if errorlevel 1 goto event_source
"%TOOLS%\sc.exe" delete %1 >nul
if errorlevel 1 goto no_service
echo Removed: service %1
goto event_source
:no_service
echo FAILED: the service %1 could not be deleted. Restart Windows and run uninstall.cmd again.
set "FAILED=yes"
exit /b 1

:event_source
set "KEY=%CURRENT%\services\eventlog\System\%1"
"%TOOLS%\reg.exe" query "%KEY%" >nul 2>&1
if errorlevel 1 goto file
"%TOOLS%\reg.exe" delete "%KEY%" /f >nul
if errorlevel 1 goto no_event_source
echo Removed: event source %1
goto file
:no_event_source
echo FAILED: the event source could not be removed. As an administrator, delete %KEY% with regedit.
set "FAILED=yes"
exit /b 1

:file
set "KEY=%SystemRoot%\System32\drivers\%1.sys"
if not exist "%KEY%" exit /b 0
del /f "%KEY%" >nul 2>&1
if exist "%KEY%" goto no_file
echo Removed: %KEY%
exit /b 0
:no_file
echo FAILED: %KEY% is in use. Restart Windows and run uninstall.cmd again.
set "FAILED=yes"
exit /b 1

rem --- what tools/inject added to the disk --------------------------------------------------------

:injected
"%TOOLS%\reg.exe" query "%SOFTWARE%\RunOnce" /v aerovnet >nul 2>&1
if errorlevel 1 goto device_path
"%TOOLS%\reg.exe" delete "%SOFTWARE%\RunOnce" /v aerovnet /f >nul
if not errorlevel 1 echo Removed: RunOnce value aerovnet

rem The folders that plug and play searches; tools/inject put its own after the first. The value contains percent
rem signs, which delayed expansion leaves alone.
:device_path
setlocal EnableDelayedExpansion
for %%v in (P1 P2 P3 P4 P5 P6 P7 P8 P9 P10 OURS) do set "%%v="
for /f "tokens=1-9,* delims=;" %%i in ('call "%TOOLS%\reg.exe" query "%SOFTWARE%" /v DevicePath 2^>nul') do (
    set "P1=%%i"
    set "P2=%%j"
    set "P3=%%k"
    set "P4=%%l"
    set "P5=%%m"
    set "P6=%%n"
    set "P7=%%o"
    set "P8=%%p"
    set "P9=%%q"
    set "P10=%%r"
)
for /f "tokens=1-3 delims=; " %%i in ('call "%TOOLS%\reg.exe" query "%SOFTWARE%" /v DevicePath 2^>nul') do if /i "%%i"=="DevicePath" set "NEW=%%k"
rem A first folder with a blank in its name is not understood here, and nothing is changed.
if not "!P1!"=="    DevicePath    REG_EXPAND_SZ    !NEW!" goto paths_done
for %%v in (P2 P3 P4 P5 P6 P7 P8 P9 P10) do call :part %%v
if not defined OURS goto paths_done
"%TOOLS%\reg.exe" add "%SOFTWARE%" /v DevicePath /t REG_EXPAND_SZ /d "!NEW!" /f >nul
if not errorlevel 1 echo Removed: the folder of aerovnet from DevicePath
:paths_done
endlocal
goto backups

:part
if not defined %1 exit /b 0
set "PART=!%1!"
if /i "!PART!"=="%%SystemRoot%%\aerovnet\x64" goto our_part
if /i "!PART!"=="%%SystemRoot%%\aerovnet\x86" goto our_part
set "NEW=!NEW!;!PART!"
exit /b 0
:our_part
set "OURS=yes"
exit /b 0

:backups
set "BACKUP=%TOOLS%\config\SOFTWARE.aerovnet-backup"
if not exist "%BACKUP%" goto setup_complete
del /f "%BACKUP%" >nul 2>&1
if not exist "%BACKUP%" echo Removed: %BACKUP%
if exist "%BACKUP%" echo Left: %BACKUP%, which cannot be deleted now. Delete it as an administrator.

:setup_complete
set "SCRIPT=%SystemRoot%\Setup\Scripts\SetupComplete.cmd"
if not exist "%SCRIPT%" goto certificate
"%TOOLS%\findstr.exe" /l /i /c:"aerovnet" "%SCRIPT%" >nul 2>&1
if errorlevel 1 goto certificate
if exist "%SCRIPT%.aerovnet-backup" goto restore_script
"%TOOLS%\findstr.exe" /v /l /i /c:"aerovnet" "%SCRIPT%" >nul 2>&1
if not errorlevel 1 goto foreign_script
del /f "%SCRIPT%"
if not exist "%SCRIPT%" echo Removed: %SCRIPT%
goto certificate
:restore_script
move /y "%SCRIPT%.aerovnet-backup" "%SCRIPT%" >nul
if errorlevel 1 goto kept_backup
echo Restored: %SCRIPT%
rem The backup is for administrators alone; the script gets what its folder passes on.
"%TOOLS%\icacls.exe" "%SCRIPT%" /reset >nul 2>&1
if errorlevel 1 echo Left: %SCRIPT% has the access rights of the backup. As an administrator: icacls "%SCRIPT%" /reset
goto certificate
:kept_backup
echo Left: %SCRIPT%.aerovnet-backup, the script as it was. Move it to %SCRIPT% as an administrator.
goto certificate
:foreign_script
echo Left: the lines about aerovnet in %SCRIPT%. Windows does not run it again; delete them with an editor.

:certificate
if not defined THUMBPRINT goto left
for %%s in (Root TrustedPublisher) do call :forget %%s
goto left

rem certutil fails when there is no such certificate: then there is nothing to remove.
:forget
"%TOOLS%\certutil.exe" -delstore %1 %THUMBPRINT% >nul 2>&1
if not errorlevel 1 echo Removed: test certificate from %1
exit /b 0

:left
set "OPTIONS=none"
for /f "tokens=1,2,*" %%a in ('call "%TOOLS%\reg.exe" query "%CURRENT%\Control" /v SystemStartOptions 2^>nul') do if /i "%%a"=="SystemStartOptions" set "OPTIONS=%%c"
if not "%OPTIONS:TESTSIGNING=%"=="%OPTIONS%" echo Left: test signing is on; another driver may need it. "bcdedit /set testsigning off" turns it off.
echo Left: entries of the event log, and the log of the installation, %SystemRoot%\inf\setupapi.dev.log.
set "FOLDER=%SystemRoot%\aerovnet"
if not exist "%FOLDER%" goto done
if exist "%FOLDER%\inject.txt" goto folder
echo Left: %FOLDER%. It has no inject.txt, so tools/inject did not make it. Delete it if you do not need it.
:done
echo Done: nothing of aerovnet is installed.
exit /b 0

rem This script may lie in the folder: one line, which cmd has read before it is gone.
:folder
cd /d "%SystemRoot%"
echo Removed: %FOLDER%
echo Done: nothing of aerovnet is installed.
rd /s /q "%FOLDER%" & exit /b 0
