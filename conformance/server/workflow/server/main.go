// Command server is a Temporal server with SQLite in memory, on loopback, that takes its dynamic configuration from a
// file. It ends when its standard input does, at the latest after the given time.
package main

import (
	"fmt"
	"io"
	"os"
	"time"

	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/common/log"
	"go.temporal.io/server/temporal"
	"go.temporal.io/server/temporaltest"
)

func main() {
	path := os.Args[1]
	limit, err := time.ParseDuration(os.Args[2])
	if err != nil {
		panic(err)
	}
	// Warnings and errors of the server go to standard error; what the check looks for stands there.
	logger := log.NewZapLogger(log.BuildZapLogger(log.Config{Level: "warn", OutputFile: "stderr"}))
	time.AfterFunc(limit, func() {
		fmt.Fprintln(os.Stderr, "the server was stopped after", limit)
		os.Exit(3)
	})
	done := make(chan interface{})
	// The server's own client of the file, as `cmd/server` makes it.
	settings, err := dynamicconfig.NewFileBasedClient(
		&dynamicconfig.FileBasedClientConfig{Filepath: path, PollInterval: 10 * time.Second}, logger, done)
	if err != nil {
		fmt.Fprintln(os.Stderr, "the server refuses the file:", err)
		os.Exit(1)
	}
	server := temporaltest.NewServer(temporaltest.WithBaseServerOptions(
		temporal.WithDynamicConfigClient(settings), temporal.WithLogger(logger)))
	fmt.Println(server.GetFrontendHostPort(), server.GetDefaultNamespace())
	// The parent holds the other end; when it is gone, so is this.
	_, _ = io.Copy(io.Discard, os.Stdin)
	os.Exit(0)
}
