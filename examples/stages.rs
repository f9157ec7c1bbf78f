use std::time::Instant;
fn main(){
  for _ in 0..5 {
  let t=Instant::now(); let set = tdsql::loader::DataSet::embedded(); let a=t.elapsed();
  let t=Instant::now(); let c=tdsql::catalog::Catalog::link(set, tdsql::loader::Depth::Compile).unwrap(); let b=t.elapsed();
  let r=tdsql::compile::Request{preset:"mid-scale".into(),..Default::default()};
  let t=Instant::now(); let mut k=tdsql::compile::compile(&c,&r,"").unwrap(); let d=t.elapsed();
  let t=Instant::now(); let y=k.dynamic_config_yaml(); let e=t.elapsed();
  let t=Instant::now(); let p=k.profile(); let f=t.elapsed();
  let t=Instant::now(); let tr=k.trace(); let g=t.elapsed();
  let t=Instant::now(); let s=k.result().unwrap(); let h=t.elapsed();
  let t=Instant::now(); let _ss=k.summary(&Default::default()).unwrap(); let i=t.elapsed();
  println!("embed {a:?} link {b:?} compile {d:?} yaml {e:?} profile {f:?} trace {g:?} result {h:?} summary {i:?} {} {} {} {}",y.len(),p.digest.len(),tr.len(),s.trace.len());
  }
}
