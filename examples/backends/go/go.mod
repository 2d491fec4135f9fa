module transferstatus.example

go 1.19
