(* Finite sums and products of real numbers indexed by 0, ..., n-1, in the
   vocabulary of the standard library's Reals.

     rsum n a    a 0 + ... + a (n-1)
     rprod n a   a 0 * ... * a (n-1)
     skip i j    j if j < i, j + 1 otherwise: numbers the indices other than i

   The measure-theoretic files translate them to mathcomp's big operators. *)
From Coq Require Import Reals Lra Lia PeanoNat.
Local Open Scope R_scope.

Fixpoint rsum (n : nat) (a : nat -> R) : R :=
  match n with O => 0 | S k => rsum k a + a k end.
Fixpoint rprod (n : nat) (a : nat -> R) : R :=
  match n with O => 1 | S k => rprod k a * a k end.

(* ---- sums ---- *)
Lemma rsum_ext n a b : (forall i, (i < n)%nat -> a i = b i) -> rsum n a = rsum n b.
Proof. induction n as [|n IH]; intros H; simpl; auto.
  rewrite IH, (H n); auto. Qed.
Lemma rprod_ext n a b : (forall i, (i < n)%nat -> a i = b i) -> rprod n a = rprod n b.
Proof. induction n as [|n IH]; intros H; simpl; auto.
  rewrite IH, (H n); auto. Qed.
Lemma rsum_scal n c a : rsum n (fun i => c * a i) = c * rsum n a.
Proof. induction n as [|n IH]; simpl; [lra|rewrite IH; lra]. Qed.
Lemma rsum_le n a b : (forall i, (i < n)%nat -> a i <= b i) -> rsum n a <= rsum n b.
Proof. induction n as [|n IH]; intros H; simpl; [lra|].
  assert (a n <= b n) by auto. assert (rsum n a <= rsum n b) by auto. lra. Qed.
Lemma rsum_ge0 n a : (forall i, (i < n)%nat -> 0 <= a i) -> 0 <= rsum n a.
Proof. induction n as [|n IH]; intros H; simpl; [lra|].
  assert (0 <= a n) by auto. assert (0 <= rsum n a) by auto. lra. Qed.
Lemma rsum_gt0 n a : (0 < n)%nat -> (forall i, (i < n)%nat -> 0 < a i) -> 0 < rsum n a.
Proof. destruct n; intros Hn H; [lia|]. simpl.
  assert (0 <= rsum n a) by (apply rsum_ge0; intros; left; auto).
  assert (0 < a n) by auto. lra. Qed.
Lemma rsum_const n c : rsum n (fun _ => c) = INR n * c.
Proof. induction n as [|n IH]; [simpl; lra|]. rewrite S_INR; cbn [rsum]. rewrite IH; lra. Qed.
Lemma rsum_term_le n a i : (forall j, (j < n)%nat -> 0 <= a j) -> (i < n)%nat -> a i <= rsum n a.
Proof. induction n as [|n IH]; intros H Hi; [lia|]. simpl.
  assert (0 <= a n) by auto.
  assert (0 <= rsum n a) by (apply rsum_ge0; auto).
  destruct (Nat.eq_dec i n) as [->|]; [lra|].
  assert (a i <= rsum n a) by (apply IH; auto; lia). lra. Qed.
Lemma rsum_plus n a b : rsum n (fun i => a i + b i) = rsum n a + rsum n b.
Proof. induction n as [|n IH]; simpl; [lra|rewrite IH; lra]. Qed.

Lemma rsum_sq n a : (rsum n a)^2 = rsum n (fun i => rsum n (fun j => a i * a j)).
Proof.
  transitivity (rsum n (fun i => a i * rsum n a)).
  - transitivity (rsum n (fun i => rsum n a * a i)).
    + rewrite rsum_scal; ring.
    + apply rsum_ext; intros; ring.
  - apply rsum_ext; intros. now rewrite rsum_scal.
Qed.

Lemma rsum_delta n i c : (i < n)%nat -> rsum n (fun j => if Nat.eqb j i then c else 0) = c.
Proof.
  induction n as [|n IH]; intros Hi; [lia|]. simpl.
  destruct (Nat.eqb_spec n i) as [->|Hne].
  - rewrite (rsum_ext i _ (fun _ => 0)).
    + rewrite rsum_const; lra.
    + intros j Hj. destruct (Nat.eqb_spec j i); [lia|auto].
  - rewrite IH by lia. lra.
Qed.

Lemma rsum_swap n m (a : nat -> nat -> R) :
  rsum n (fun i => rsum m (fun k => a i k)) = rsum m (fun k => rsum n (fun i => a i k)).
Proof.
  induction n as [|n IH]; simpl.
  - symmetry. rewrite (rsum_const m 0). ring.
  - now rewrite IH, <- rsum_plus.
Qed.

(* A square of sums bounded by a double sum: (sum_k a_k) * (sum_k b_k). *)
Lemma rsum_mult n m a b :
  rsum n a * rsum m b = rsum n (fun i => rsum m (fun j => a i * b j)).
Proof.
  transitivity (rsum n (fun i => rsum m b * a i)).
  - rewrite rsum_scal; ring.
  - apply rsum_ext; intros. rewrite rsum_scal; ring.
Qed.

(* ---- products ---- *)

(* Slot i of the product holds c, every other slot j holds e^{-t w_j}. *)
Lemma rprod_exp n i (c t : R) (w : nat -> R) : (i < n)%nat ->
  rprod n (fun j => if Nat.eqb j i then c else exp (- t * w j))
  = c * exp (- t * (rsum n w - w i)).
Proof.
  induction n as [|n IH]; intros Hi; [lia|]. simpl.
  destruct (Nat.eqb_spec n i) as [->|Hne].
  - clear IH Hi. assert (Hx : forall m, (m <= i)%nat ->
      rprod m (fun j => if Nat.eqb j i then c else exp (- t * w j)) = exp (- t * rsum m w)).
    { induction m as [|m IHm]; intros Hm; simpl.
      - now rewrite Rmult_0_r, exp_0.
      - rewrite IHm by lia. destruct (Nat.eqb_spec m i); [lia|].
        rewrite <- exp_plus. f_equal; ring. }
    rewrite (Hx i) by lia. rewrite Rmult_comm. do 2 f_equal. ring.
  - rewrite IH by lia. rewrite Rmult_assoc, <- exp_plus. do 2 f_equal; ring.
Qed.

Lemma rprod_const_but n i (c d : R) : (i < n)%nat ->
  rprod n (fun j => if Nat.eqb j i then c else d) = c * d ^ (n - 1).
Proof.
  induction n as [|n IH]; intros Hi; [lia|]. cbn [rprod].
  destruct (Nat.eqb_spec n i) as [->|Hne].
  - clear IH Hi. assert (Hx : forall m, (m <= i)%nat ->
      rprod m (fun j => if Nat.eqb j i then c else d) = d ^ m).
    { induction m as [|m IHm]; intros Hm; simpl; auto.
      rewrite IHm by lia. destruct (Nat.eqb_spec m i); [lia|]. ring. }
    rewrite (Hx i) by lia. replace (S i - 1)%nat with i by lia. ring.
  - rewrite IH by lia. replace (S n - 1)%nat with (S (n - 1)) by lia. simpl. ring.
Qed.

Lemma rprod_single n i c : (i < n)%nat -> rprod n (fun j => if Nat.eqb j i then c else 1) = c.
Proof. intros H. rewrite rprod_const_but by auto. rewrite pow1; ring. Qed.

Lemma rprod_one n : rprod n (fun _ => 1) = 1.
Proof. induction n as [|n IH]; simpl; auto. rewrite IH; ring. Qed.

Lemma rprod_pair n i k a b : (i < n)%nat -> (k < n)%nat -> i <> k ->
  rprod n (fun j => if Nat.eqb j i then a else if Nat.eqb j k then b else 1) = a * b.
Proof.
  induction n as [|n IH]; intros Hi Hk Hne; [lia|]. simpl.
  destruct (Nat.eqb_spec n i) as [->|Hi'].
  - rewrite (rprod_ext i _ (fun j => if Nat.eqb j k then b else 1)).
    + rewrite rprod_single by lia. ring.
    + intros j Hj. destruct (Nat.eqb_spec j i); [lia|auto].
  - destruct (Nat.eqb_spec n k) as [->|Hk'].
    + rewrite (rprod_ext k _ (fun j => if Nat.eqb j i then a else 1)).
      * rewrite rprod_single by lia. ring.
      * intros j Hj. destruct (Nat.eqb_spec j i); auto. destruct (Nat.eqb_spec j k); [lia|auto].
    + rewrite IH by lia. ring.
Qed.

Lemma rprod_const n c : rprod n (fun _ => c) = c ^ n.
Proof. induction n as [|n IH]; simpl; auto. rewrite IH; ring. Qed.

Lemma rprod_exp_rsum n (a : nat -> R) : rprod n (fun j => exp (a j)) = exp (rsum n a).
Proof. induction n as [|n IH]; simpl; [now rewrite exp_0|]. now rewrite IH, exp_plus. Qed.

Lemma rprod_exp_sum n (t : R) (w : nat -> R) :
  rprod n (fun j => exp (- t * w j)) = exp (- t * rsum n w).
Proof.
  induction n as [|n IH]; simpl.
  - now rewrite Rmult_0_r, exp_0.
  - rewrite IH, <- exp_plus. f_equal; ring.
Qed.

(* A product is linear in each of its slots. *)
Lemma rprod_slot_linear n k a b u v (G : nat -> R) : (k < n)%nat ->
  rprod n (fun j => if Nat.eqb j k then a * u + b * v else G j)
  = a * rprod n (fun j => if Nat.eqb j k then u else G j)
  + b * rprod n (fun j => if Nat.eqb j k then v else G j).
Proof.
  induction n as [|n IH]; intros Hk; [lia|]. cbn [rprod].
  destruct (Nat.eqb_spec n k) as [->|Hne].
  - assert (E : forall c, rprod k (fun j => if Nat.eqb j k then c else G j) = rprod k G).
    { intros c. apply rprod_ext; intros j Hj. destruct (Nat.eqb_spec j k); [lia|auto]. }
    rewrite !E. ring.
  - rewrite IH by lia. ring.
Qed.

(* ---- a sum or a product with one term set apart ---- *)

Definition skip (i j : nat) : nat := if Nat.ltb j i then j else S j.

Lemma skip_neq i j : skip i j <> i.
Proof. unfold skip. destruct (Nat.ltb_spec j i); lia. Qed.

Lemma skip_lt i j m : (i < S m)%nat -> (j < m)%nat -> (skip i j < S m)%nat.
Proof. unfold skip. destruct (Nat.ltb_spec j i); lia. Qed.

(* every index other than i is skip i j' for one j' *)
Lemma skip_onto i j m : (i < S m)%nat -> (j < S m)%nat -> i <> j ->
  exists j', (j' < m)%nat /\ skip i j' = j.
Proof.
  intros Hi Hj Hne. destruct (Nat.lt_ge_cases j i) as [H|H].
  - exists j. split; [lia|]. unfold skip. destruct (Nat.ltb_spec j i); lia.
  - exists (j - 1)%nat. split; [lia|]. unfold skip. destruct (Nat.ltb_spec (j - 1) i); lia.
Qed.

Lemma rsum_remove m i a : (i < S m)%nat -> rsum (S m) a = a i + rsum m (fun j => a (skip i j)).
Proof.
  induction m as [|m IH]; intros Hi.
  - replace i with 0%nat by lia. simpl. ring.
  - destruct (Nat.eq_dec i (S m)) as [->|Hne].
    + cbn [rsum]. rewrite (rsum_ext m (fun j => a (skip (S m) j)) a).
      * unfold skip. destruct (Nat.ltb_spec m (S m)); [|lia]. ring.
      * intros j Hj. unfold skip. destruct (Nat.ltb_spec j (S m)); [auto|lia].
    + change (rsum (S m) a + a (S m) = a i + (rsum m (fun j => a (skip i j)) + a (skip i m))).
      rewrite IH by lia. unfold skip at 3. destruct (Nat.ltb_spec m i); [lia|]. ring.
Qed.

Lemma rprod_remove m i a : (i < S m)%nat -> rprod (S m) a = a i * rprod m (fun j => a (skip i j)).
Proof.
  induction m as [|m IH]; intros Hi.
  - replace i with 0%nat by lia. simpl. ring.
  - destruct (Nat.eq_dec i (S m)) as [->|Hne].
    + cbn [rprod]. rewrite (rprod_ext m (fun j => a (skip (S m) j)) a).
      * unfold skip. destruct (Nat.ltb_spec m (S m)); [|lia]. ring.
      * intros j Hj. unfold skip. destruct (Nat.ltb_spec j (S m)); [auto|lia].
    + change (rprod (S m) a * a (S m) = a i * (rprod m (fun j => a (skip i j)) * a (skip i m))).
      rewrite IH by lia. unfold skip at 3. destruct (Nat.ltb_spec m i); [lia|]. ring.
Qed.
