# frozen_string_literal: true

# Stand-ins for what the options name of the gem temporalio, with its keywords, where the gem cannot be had.
module Temporalio
  class Worker
    # rubocop:disable all
    def initialize(
      client:, task_queue:, activities: [], workflows: [], tuner: Tuner.create_fixed,
      max_cached_workflows: 1000, max_concurrent_workflow_task_polls: 5, nonsticky_to_sticky_poll_ratio: 0.2,
      max_concurrent_activity_task_polls: 5, no_remote_activities: false,
      sticky_queue_schedule_to_start_timeout: 10, max_heartbeat_throttle_interval: 60,
      default_heartbeat_throttle_interval: 30, max_activities_per_second: nil,
      max_task_queue_activities_per_second: nil, graceful_shutdown_period: 0,
      disable_eager_activity_execution: false, workflow_task_poller_behavior: nil,
      activity_task_poller_behavior: nil, debug_mode: false
    )
      numbers = [
        max_cached_workflows, max_concurrent_workflow_task_polls, nonsticky_to_sticky_poll_ratio,
        max_concurrent_activity_task_polls, sticky_queue_schedule_to_start_timeout, graceful_shutdown_period
      ]
      raise ArgumentError, "a number is no number" unless numbers.all? { |n| n.is_a?(Numeric) }
      raise ArgumentError, "the tuner is none" unless tuner.is_a?(Tuner)
    end

    class Tuner
      def self.create_fixed(workflow_slots: 100, activity_slots: 100, local_activity_slots: 100)
        raise ArgumentError, "slots" unless [workflow_slots, activity_slots, local_activity_slots].all?(Integer)

        new
      end
    end

    module PollerBehavior
      class SimpleMaximum
        def initialize(maximum) = @maximum = maximum
      end

      class Autoscaling
        def initialize(minimum: 1, maximum: 100, initial: 5)
          raise ArgumentError, "bounds" unless minimum <= initial && initial <= maximum
        end
      end
    end
  end
end
