# escape=`
FROM mcr.microsoft.com/windows/nanoserver:ltsc2022
WORKDIR C:\app\
RUN powershell -Command `
    $x = 1; `
    Write-Host $x
COPY a.exe C:\app\
