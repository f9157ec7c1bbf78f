// Loads Compose files as the docker command does and prints the project as JSON.
package main

import (
	"context"
	"fmt"
	"os"

	"github.com/compose-spec/compose-go/v2/cli"
)

func main() {
	options, err := cli.NewProjectOptions(os.Args[1:], cli.WithOsEnv, cli.WithName("temporal"), cli.WithInterpolation(true))
	if err == nil {
		project, fault := options.LoadProject(context.Background())
		if fault == nil {
			text, fault := project.MarshalJSON()
			if fault == nil {
				fmt.Println(string(text))
				return
			}
			err = fault
		} else {
			err = fault
		}
	}
	fmt.Fprintln(os.Stderr, err)
	os.Exit(1)
}
