module "temporal" {
  source        = "./module"
  aws_region    = "eu-west-1"
  dsql_endpoint = "abc.dsql.eu-west-1.on.aws"
  search_host   = "search.example.org"
}

output "services" {
  value = module.temporal.services
}

output "dynamic_config" {
  value = module.temporal.dynamic_config
}
