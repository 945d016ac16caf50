//! Who waits for whom: the edges between the greenlets of a dump, and the circles in them.

use std::collections::HashMap;

use super::{TaskDump, TaskInfo, Wait, label, spawned};

pub(super) struct Graph<'a> {
    tasks: &'a [TaskInfo],
    places: HashMap<u64, usize>,
}

impl<'a> Graph<'a> {
    pub fn of(dump: &'a TaskDump) -> Graph<'a> {
        let places = dump.tasks.iter().enumerate().map(|(place, task)| (task.id, place)).collect();
        Graph { tasks: &dump.tasks, places }
    }

    /// What the greenlet with this id is called where `from` waits for it. Who has a lock may have ended: its guard was kept.
    pub fn call_from(&self, from: &TaskInfo, id: u64) -> String {
        match self.places.get(&id) {
            _ if from.id == id => "itself".to_owned(),
            Some(place) => label(id, &self.tasks[*place].name),
            None => format!("greenlet {id}, which has ended"),
        }
    }

    /// Circles, each once, the oldest greenlet first. Each greenlet is walked through once: of circles that share greenlets
    /// not all are found, but one of each knot is.
    pub fn cycles(&self) -> Vec<Vec<&'a TaskInfo>> {
        let mut seen = vec![false; self.tasks.len()];
        let mut cycles = Vec::new();
        for start in 0..self.tasks.len() {
            self.walk(start, &mut seen, &mut cycles);
        }
        cycles
    }

    /// Depth first, without recursion: a chain may be as long as there are greenlets.
    fn walk(&self, start: usize, seen: &mut [bool], cycles: &mut Vec<Vec<&'a TaskInfo>>) {
        if std::mem::replace(&mut seen[start], true) {
            return;
        }
        let mut way = vec![(start, self.waited_for_by(start))];
        let mut depths = HashMap::from([(start, 0)]);
        while let Some((at, left)) = way.last_mut() {
            match left.pop() {
                None => {
                    depths.remove(at);
                    way.pop();
                }
                Some(next) => {
                    if let Some(depth) = depths.get(&next) {
                        cycles.push(self.oldest_first(&way[*depth..]));
                    } else if !std::mem::replace(&mut seen[next], true) {
                        depths.insert(next, way.len());
                        way.push((next, self.waited_for_by(next)));
                    }
                }
            }
        }
    }

    fn oldest_first(&self, way: &[(usize, Vec<usize>)]) -> Vec<&'a TaskInfo> {
        let mut cycle: Vec<&TaskInfo> = way.iter().map(|(place, _)| &self.tasks[*place]).collect();
        let oldest = cycle.iter().enumerate().min_by_key(|(_, task)| task.id).map_or(0, |(place, _)| place);
        cycle.rotate_left(oldest);
        cycle
    }

    /// The places of those whom one waits for, the last one first.
    fn waited_for_by(&self, place: usize) -> Vec<usize> {
        let ids: &[u64] = match &self.tasks[place].waits_for {
            Some(Wait::End(id) | Wait::Lock(Some(id))) => &[*id],
            Some(Wait::Readers { known, .. }) => known,
            _ => &[],
        };
        ids.iter().rev().filter_map(|id| self.places.get(id).copied()).collect()
    }

    /// A circle as a sentence.
    pub fn tell(&self, cycle: &[&TaskInfo]) -> String {
        let mut text = String::new();
        for (place, task) in cycle.iter().enumerate() {
            let next = cycle[(place + 1) % cycle.len()];
            if place == 0 {
                text = format!("{} {}", label(task.id, &task.name), spawned(task));
            }
            let verb = if place == 0 { " waits" } else { ", which waits" };
            let what = match task.waits_for {
                Some(Wait::End(_)) => "for the end of",
                Some(Wait::Readers { .. }) => "for a lock read by",
                _ => "for a lock held by",
            };
            text += &format!("{verb} {what} {}", self.call_from(task, next.id));
            if place + 1 < cycle.len() {
                text += &format!(" {}", spawned(next));
            }
        }
        text
    }
}
