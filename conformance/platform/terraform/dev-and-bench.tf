# What the public roots declare, of what a compiled file may set: platform-artifacts.md 4.3.
variable "temporal_history_count" {
  type    = number
  default = null
}

variable "temporal_history_cpu" {
  type    = number
  default = null
}

variable "temporal_history_memory" {
  type    = number
  default = null
}

variable "temporal_matching_count" {
  type    = number
  default = null
}

variable "temporal_matching_cpu" {
  type    = number
  default = null
}

variable "temporal_matching_memory" {
  type    = number
  default = null
}

variable "temporal_frontend_count" {
  type    = number
  default = null
}

variable "temporal_frontend_cpu" {
  type    = number
  default = null
}

variable "temporal_frontend_memory" {
  type    = number
  default = null
}

variable "temporal_worker_count" {
  type    = number
  default = null
}

variable "temporal_worker_cpu" {
  type    = number
  default = null
}

variable "temporal_worker_memory" {
  type    = number
  default = null
}

variable "temporal_history_shards" {
  type    = number
  default = null
}

variable "opensearch_visibility_index" {
  type    = string
  default = null
}

variable "dsql_reservoir_enabled" {
  type    = bool
  default = null
}

variable "dsql_reservoir_target_ready" {
  type    = number
  default = null
}

variable "dsql_reservoir_base_lifetime" {
  type    = string
  default = null
}

variable "dsql_reservoir_lifetime_jitter" {
  type    = string
  default = null
}

variable "dsql_reservoir_guard_window" {
  type    = string
  default = null
}

variable "dsql_distributed_conn_lease_enabled" {
  type    = bool
  default = null
}

variable "dsql_distributed_conn_limit" {
  type    = number
  default = null
}
