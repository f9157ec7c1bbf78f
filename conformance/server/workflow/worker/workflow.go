package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"go.temporal.io/api/serviceerror"
	"go.temporal.io/sdk/client"
	"go.temporal.io/sdk/log"
	"go.temporal.io/sdk/worker"
	"go.temporal.io/sdk/workflow"
)

// double is the activity.
func double(_ context.Context, number int) (int, error) { return 2 * number, nil }

// quadruple calls the activity twice, with a timer between, so that a later workflow task finds the workflow in memory.
func quadruple(ctx workflow.Context, number int) (int, error) {
	ctx = workflow.WithActivityOptions(ctx, workflow.ActivityOptions{StartToCloseTimeout: 10 * time.Second})
	for range 2 {
		if err := workflow.ExecuteActivity(ctx, double, number).Get(ctx, &number); err != nil {
			return 0, err
		}
		if err := workflow.Sleep(ctx, time.Millisecond); err != nil {
			return 0, err
		}
	}
	return number, nil
}

type silent struct{}

func (silent) Debug(string, ...interface{}) {}
func (silent) Info(string, ...interface{})  {}
func (silent) Warn(string, ...interface{})  {}
func (silent) Error(string, ...interface{}) {}

var _ log.Logger = silent{}

// run runs the workflow once on a worker with these options.
func run(address, namespace string, limit time.Duration, options worker.Options) error {
	ctx, cancel := context.WithTimeout(context.Background(), limit)
	defer cancel()
	connection, err := client.DialContext(ctx, client.Options{HostPort: address, Namespace: namespace, Logger: silent{}})
	if err != nil {
		return err
	}
	defer connection.Close()
	hands := worker.New(connection, "go", options)
	hands.RegisterWorkflow(quadruple)
	hands.RegisterActivity(double)
	order := client.StartWorkflowOptions{ID: "a-workflow-that-doubles-a-number-twice", TaskQueue: "go"}
	if err := hands.Start(); err != nil {
		return err
	}
	defer hands.Stop()
	started, err := connection.ExecuteWorkflow(ctx, order, quadruple, 21)
	// The history service joins after `history.startupMembershipJoinDelay`; who starts the same again finds it started.
	var never *serviceerror.InvalidArgument
	for err != nil && ctx.Err() == nil && !errors.As(err, &never) {
		time.Sleep(time.Second / 2)
		started, err = connection.ExecuteWorkflow(ctx, order, quadruple, 21)
	}
	if err != nil {
		return err
	}
	var number int
	if err := started.Get(ctx, &number); err != nil {
		return err
	}
	if number != 84 {
		return errors.New(fmt.Sprint("the workflow says ", number, " instead of 84"))
	}
	return nil
}
