// A Temporal server of a newer release than that of the CLI, in memory. It says where it is when it can
// be used, and ends with its input.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"time"

	"go.temporal.io/api/workflowservice/v1"
	"go.temporal.io/server/chasm/lib/activity"
	"go.temporal.io/server/common/dynamicconfig"
	"go.temporal.io/server/temporal"
	"go.temporal.io/server/temporaltest"
	"google.golang.org/protobuf/types/known/durationpb"
)

func main() {
	server := temporaltest.NewServer(temporaltest.WithBaseServerOptions(
		temporal.WithDynamicConfigClient(dynamicconfig.StaticClient{
			dynamicconfig.ForceSearchAttributesCacheRefreshOnRead.Key(): true,
			// Timers fire when they are due, as those of the other server: see the tests' server/dev.rs.
			dynamicconfig.TimerProcessorMaxTimeShift.Key():       10 * time.Millisecond,
			dynamicconfig.QueueReaderStuckCriticalAttempts.Key(): 0,
			// Off by default: pause and reset of activities without a workflow.
			activity.EnableStandaloneActivityOperatorCommands.Key(): true,
		}),
	))
	// Its own namespace has a name drawn at random; clients and the CLI mean this one by default.
	service := server.GetDefaultClient().WorkflowService()
	namespace := &workflowservice.RegisterNamespaceRequest{
		Namespace:                        "default",
		WorkflowExecutionRetentionPeriod: durationpb.New(24 * time.Hour),
	}
	if _, err := service.RegisterNamespace(context.Background(), namespace); err != nil {
		panic(err)
	}
	fmt.Println(server.GetFrontendHostPort())
	// Nothing is kept, so nothing is shut down either.
	_, _ = io.Copy(io.Discard, os.Stdin)
}
