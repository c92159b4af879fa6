package main

import (
	"bytes"
	"fmt"
	"os"
	"strconv"
	"time"
)

// tick is the unit of /proc's times, which Linux fixes towards programs.
const tick = 10 * time.Millisecond

// cpu is the processor time that a process has used so far, its own and the kernel's for it.
func (p *process) cpu() (time.Duration, error) {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	return parseStat(stat)
}

// parseStat reads utime and stime. The name of the program before them may hold anything, also a bracket.
func parseStat(stat []byte) (time.Duration, error) {
	const utime, stime = 11, 12 // behind the name
	fields := bytes.Fields(stat[bytes.LastIndexByte(stat, ')')+1:])
	if len(fields) <= stime {
		return 0, fmt.Errorf("not a process's stat: %q", stat)
	}
	var ticks int64
	for _, field := range fields[utime : stime+1] {
		n, err := strconv.ParseInt(string(field), 10, 64)
		if err != nil {
			return 0, fmt.Errorf("not a process's stat: %q", stat)
		}
		ticks += n
	}
	return time.Duration(ticks) * tick, nil
}

// memory is what a process has in memory, in bytes.
func (p *process) memory() (int64, error) {
	statm, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		return 0, err
	}
	var size, resident int64
	if _, err := fmt.Sscan(string(statm), &size, &resident); err != nil {
		return 0, fmt.Errorf("not a process's statm: %q", statm)
	}
	return resident * int64(os.Getpagesize()), nil
}
