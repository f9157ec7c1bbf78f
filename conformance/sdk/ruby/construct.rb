# frozen_string_literal: true

# Evaluates an options file and gives its keywords to Worker.new: to the real one's parameters, or to a stand-in.
require "temporalio/worker"

require File.expand_path(ARGV[0])
options = CompiledWorkerOptions.to_h
known = Temporalio::Worker.instance_method(:initialize).parameters.map(&:last)
unknown = options.keys - known
abort "Worker.new has no #{unknown.join(", ")}" unless unknown.empty?
# The real one wants a connected client.
Temporalio::Worker.new(client: nil, task_queue: "q", **options) unless Temporalio.const_defined?(:VERSION)
