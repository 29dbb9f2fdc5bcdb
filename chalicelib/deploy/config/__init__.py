"""What is to be deployed, as data: functions, grants, stages."""
