# What the public root declares, of what a compiled file may set: platform-artifacts.md 4.3.
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
