(* Exponentially tilted moments of independent standard normal variables, for an
   abstract expectation.

   G_0, ..., G_{n-1} obey the product rule with a law mu that has the tilted
   moments of N(0,1).  For every e, be in R^n and every number c

     E e^{<e,G>} (<be, G - e> + c)^2 = e^{|e|^2/2} (|be|^2 + c^2)   (tilted_square_mean)
     E e^{<e,G>} (<be, G - e> + c)   = e^{|e|^2/2} c                (tilted_linear_mean)
     E e^{<e,G>}                     = e^{|e|^2/2}                  (tilted_one_mean).

     normal_moments mu   E e^{bx} (al + be (x-b) + ga (x-b)^2) = e^{b^2/2} (al + ga)
                         under mu, for all b, al, be, ga
     tilt, tilt_mass     e^{<e,G>} and its mean e^{|e|^2/2}
     linear_form         <be, G - e>

   The moments that T4 and T5 need: w = e^{c + <b,G>} the weight of a token
   (token_weight), f = <be, G - b> one coordinate of its deviation from the population
   value (token_deviation).  With S = |b|^2 (score_variance) and
   |be|^2 + <be,b>^2 (deviation_square):

     E w = e^{c + S/2},  E w^2 = e^{2c + 2S},  E w^{-1} = e^{-c + S/2},  E w f = 0,
     E (w f)^2 = e^{2c + 2S} (|be|^2 + <be,b>^2),  E f^2 = |be|^2 + <be,b>^2,

   so rho = kap = e^S and A2 = e^S (|be|^2 + <be,b>^2). *)
From Coq Require Import Reals Lra Lia PeanoNat.
From AttentionBounds.foundation Require Import finite_sums abstract_expectation independence.
Local Open Scope R_scope.

(* E e^{bx} (al + be (x-b) + ga (x-b)^2) = e^{b^2/2} (al + ga): the law N(0,1) *)
Definition normal_moments (mu : Expectation R) : Prop := forall b al be ga,
  Int mu (fun x => exp (b * x) * (al + be * (x - b) + ga * (x - b)^2)) /\
  Ex mu (fun x => exp (b * x) * (al + be * (x - b) + ga * (x - b)^2)) = exp (b^2/2) * (al + ga).

Lemma rprod_mult n a b : rprod n (fun i => a i * b i) = rprod n a * rprod n b.
Proof. induction n as [|n IH]; simpl; [ring|rewrite IH; ring]. Qed.

Lemma rprod_0 n a i : (i < n)%nat -> a i = 0 -> rprod n a = 0.
Proof.
  induction n as [|n IH]; intros Hi H; [lia|]. simpl.
  destruct (Nat.eq_dec i n) as [->|Hne]; [rewrite H; ring|].
  rewrite IH by (auto; lia). ring.
Qed.

Section GaussianMoments.
Context {Om : Type} (P : Expectation Om) (mu : Expectation R).
Variables (G : nat -> Om -> R) (n : nat).
Hypothesis PR : product_rule P mu G n.
Hypothesis normal : normal_moments mu.
Variable e : nat -> R.

Definition tilt o : R := exp (rsum n (fun j => e j * G j o)).
Definition tilt_mass : R := exp (rsum n (fun j => e j ^2) / 2).

Let pick (j i : nat) (c : R) : R := if Nat.eqb i j then c else 1.

Lemma rprod_pick j (c : nat -> R) : (j < n)%nat -> rprod n (fun i => pick j i (c i)) = c j.
Proof.
  intros Hj. rewrite <- (rprod_single n j (c j) Hj). apply rprod_ext; intros i _.
  unfold pick. destruct (Nat.eqb_spec i j); subst; auto.
Qed.

Lemma tilt_massE : rprod n (fun i => exp (e i ^2 / 2)) = tilt_mass.
Proof.
  rewrite rprod_exp_rsum. unfold tilt_mass. f_equal. unfold Rdiv.
  rewrite (Rmult_comm _ (/ 2)), <- rsum_scal. apply rsum_ext; intros; ring.
Qed.

(* E e^{<e,G>} (G_j - e_j) (G_l - e_l) = e^{|e|^2/2} if j = l, 0 otherwise *)
Lemma tilted_pair j l : (j < n)%nat -> (l < n)%nat ->
  Int P (fun o => tilt o * ((G j o - e j) * (G l o - e l))) /\
  Ex P (fun o => tilt o * ((G j o - e j) * (G l o - e l)))
    = if Nat.eqb j l then tilt_mass else 0.
Proof.
  intros Hj Hl.
  pose (g := fun i x => exp (e i * x) * (pick j i (x - e i) * pick l i (x - e i))).
  pose (h := fun i => exp (e i ^2 / 2) * (if Nat.eqb i j then (if Nat.eqb i l then 1 else 0)
                                         else (if Nat.eqb i l then 0 else 1))).
  assert (M : forall i, Int mu (g i) /\ Ex mu (g i) = h i).
  { intros i. unfold g, h, pick.
    destruct (Nat.eqb i j), (Nat.eqb i l).
    - destruct (normal (e i) 0 0 1) as [I E].
      assert (Q : forall x, exp (e i * x) * (0 + 0 * (x - e i) + 1 * (x - e i)^2)
        = exp (e i * x) * ((x - e i) * (x - e i))) by (intros; ring).
      split; [eapply Int_ext; [exact Q|exact I]|].
      rewrite <- (Ex_ext mu _ _ Q I), E. ring.
    - destruct (normal (e i) 0 1 0) as [I E].
      assert (Q : forall x, exp (e i * x) * (0 + 1 * (x - e i) + 0 * (x - e i)^2)
        = exp (e i * x) * ((x - e i) * 1)) by (intros; ring).
      split; [eapply Int_ext; [exact Q|exact I]|].
      rewrite <- (Ex_ext mu _ _ Q I), E. ring.
    - destruct (normal (e i) 0 1 0) as [I E].
      assert (Q : forall x, exp (e i * x) * (0 + 1 * (x - e i) + 0 * (x - e i)^2)
        = exp (e i * x) * (1 * (x - e i))) by (intros; ring).
      split; [eapply Int_ext; [exact Q|exact I]|].
      rewrite <- (Ex_ext mu _ _ Q I), E. ring.
    - destruct (normal (e i) 1 0 0) as [I E].
      assert (Q : forall x, exp (e i * x) * (1 + 0 * (x - e i) + 0 * (x - e i)^2)
        = exp (e i * x) * (1 * 1)) by (intros; ring).
      split; [eapply Int_ext; [exact Q|exact I]|].
      rewrite <- (Ex_ext mu _ _ Q I), E. ring. }
  destruct (product_rule_signed P mu G n PR g) as [I E]; [intros; apply M|].
  assert (EQ : forall o, rprod n (fun i => g i (G i o)) = tilt o * ((G j o - e j) * (G l o - e l))).
  { intros o. unfold g. rewrite rprod_mult, rprod_mult, rprod_exp_rsum.
    rewrite (rprod_pick j (fun i => G i o - e i) Hj), (rprod_pick l (fun i => G i o - e i) Hl).
    reflexivity. }
  split; [eapply Int_ext; [exact EQ|exact I]|].
  rewrite <- (Ex_ext P _ _ EQ I), E, (rprod_ext n _ h) by (intros; apply M).
  unfold h. rewrite rprod_mult, tilt_massE.
  destruct (Nat.eqb_spec j l) as [->|Hne].
  - rewrite (rprod_ext n _ (fun _ => 1)), rprod_one; [ring|].
    intros i _. destruct (Nat.eqb i l); auto.
  - rewrite (rprod_0 n _ j); auto; [ring|].
    rewrite Nat.eqb_refl. destruct (Nat.eqb_spec j l); [contradiction|auto].
Qed.

Lemma tilted_one_mean : Int P tilt /\ Ex P tilt = tilt_mass.
Proof.
  assert (M : forall i, Int mu (fun x => exp (e i * x)) /\
    Ex mu (fun x => exp (e i * x)) = exp (e i ^2 / 2)).
  { intros i. destruct (normal (e i) 1 0 0) as [I E].
    assert (Q : forall x, exp (e i * x) * (1 + 0 * (x - e i) + 0 * (x - e i)^2) = exp (e i * x))
      by (intros; ring).
    split; [eapply Int_ext; [exact Q|exact I]|].
    rewrite <- (Ex_ext mu _ _ Q I), E. ring. }
  destruct (product_rule_signed P mu G n PR (fun i x => exp (e i * x))) as [I E]; [intros; apply M|].
  assert (EQ : forall o, rprod n (fun i => exp (e i * G i o)) = tilt o)
    by (intros; apply (rprod_exp_rsum n (fun i => e i * G i o))).
  split; [eapply Int_ext; [exact EQ|exact I]|].
  rewrite <- (Ex_ext P _ _ EQ I), E, (rprod_ext n _ (fun i => exp (e i ^2/2))) by (intros; apply M).
  apply tilt_massE.
Qed.

(* E e^{<e,G>} (G_j - e_j) = 0 *)
Lemma tilted_single j : (j < n)%nat ->
  Int P (fun o => tilt o * (G j o - e j)) /\ Ex P (fun o => tilt o * (G j o - e j)) = 0.
Proof.
  intros Hj.
  pose (g := fun i x => exp (e i * x) * pick j i (x - e i)).
  pose (h := fun i => exp (e i ^2 / 2) * (if Nat.eqb i j then 0 else 1)).
  assert (M : forall i, Int mu (g i) /\ Ex mu (g i) = h i).
  { intros i. unfold g, h, pick. destruct (Nat.eqb i j).
    - destruct (normal (e i) 0 1 0) as [I E].
      assert (Q : forall x, exp (e i * x) * (0 + 1 * (x - e i) + 0 * (x - e i)^2)
        = exp (e i * x) * (x - e i)) by (intros; ring).
      split; [eapply Int_ext; [exact Q|exact I]|].
      rewrite <- (Ex_ext mu _ _ Q I), E. ring.
    - destruct (normal (e i) 1 0 0) as [I E].
      assert (Q : forall x, exp (e i * x) * (1 + 0 * (x - e i) + 0 * (x - e i)^2)
        = exp (e i * x) * 1) by (intros; ring).
      split; [eapply Int_ext; [exact Q|exact I]|].
      rewrite <- (Ex_ext mu _ _ Q I), E. ring. }
  destruct (product_rule_signed P mu G n PR g) as [I E]; [intros; apply M|].
  assert (EQ : forall o, rprod n (fun i => g i (G i o)) = tilt o * (G j o - e j)).
  { intros o. unfold g. rewrite rprod_mult, rprod_exp_rsum.
    now rewrite (rprod_pick j (fun i => G i o - e i) Hj). }
  split; [eapply Int_ext; [exact EQ|exact I]|].
  rewrite <- (Ex_ext P _ _ EQ I), E, (rprod_ext n _ h) by (intros; apply M).
  apply (rprod_0 n _ j); auto. unfold h. rewrite Nat.eqb_refl. ring.
Qed.

Variables (be : nat -> R) (c : R).
Definition linear_form o : R := rsum n (fun j => be j * (G j o - e j)).

Lemma tilted_form_mean : Int P (fun o => tilt o * linear_form o) /\
  Ex P (fun o => tilt o * linear_form o) = 0.
Proof.
  assert (It : forall j, (j < n)%nat -> Int P (fun o => be j * (tilt o * (G j o - e j)))).
  { intros j Hj. apply Int_scal. now apply tilted_single. }
  assert (I := Int_rsum P n (fun j o => be j * (tilt o * (G j o - e j))) It).
  assert (EQ : forall o, rsum n (fun j => be j * (tilt o * (G j o - e j))) = tilt o * linear_form o).
  { intros o. unfold linear_form. rewrite <- rsum_scal. apply rsum_ext; intros; ring. }
  split; [eapply Int_ext; [exact EQ|exact I]|].
  rewrite <- (Ex_ext P _ _ EQ I), (Ex_rsum P n (fun j o => be j * (tilt o * (G j o - e j))) It).
  rewrite (rsum_ext n _ (fun _ => 0)); [rewrite rsum_const; ring|].
  intros j Hj. destruct (tilted_single j Hj) as [I1 E1]. rewrite Ex_scal, E1 by auto. ring.
Qed.

Lemma tilted_linear_mean : Int P (fun o => tilt o * (linear_form o + c)) /\
  Ex P (fun o => tilt o * (linear_form o + c)) = tilt_mass * c.
Proof.
  destruct tilted_form_mean as [I1 E1]. destruct tilted_one_mean as [I0 E0].
  assert (J := Int_lin P 1 c I1 I0).
  assert (EQ : forall o, 1 * (tilt o * linear_form o) + c * tilt o = tilt o * (linear_form o + c))
    by (intros; ring).
  split; [eapply Int_ext; [exact EQ|exact J]|].
  rewrite <- (Ex_ext P _ _ EQ J), (Ex_lin P 1 c I1 I0), E0, E1. ring.
Qed.

Theorem tilted_square_mean : Int P (fun o => tilt o * (linear_form o + c)^2) /\
  Ex P (fun o => tilt o * (linear_form o + c)^2) = tilt_mass * (rsum n (fun j => be j ^2) + c^2).
Proof.
  destruct tilted_linear_mean as [I1 E1]. destruct tilted_one_mean as [I0 E0].
  pose (t := fun j l o => be j * be l * (tilt o * ((G j o - e j) * (G l o - e l)))).
  assert (It : forall j l, (j < n)%nat -> (l < n)%nat -> Int P (t j l)).
  { intros j l Hj Hl. apply Int_scal. now apply tilted_pair. }
  assert (Ir : forall j, (j < n)%nat -> Int P (fun o => rsum n (fun l => t j l o))).
  { intros j Hj. apply (Int_rsum P n (fun l o => t j l o)); auto. }
  assert (I2 := Int_rsum P n (fun j o => rsum n (fun l => t j l o)) Ir).
  assert (E2 : Ex P (fun o => rsum n (fun j => rsum n (fun l => t j l o)))
    = tilt_mass * rsum n (fun j => be j ^2)).
  { rewrite (Ex_rsum P n (fun j o => rsum n (fun l => t j l o)) Ir), <- rsum_scal.
    apply rsum_ext; intros j Hj. rewrite (Ex_rsum P n (fun l o => t j l o)) by auto.
    rewrite <- (rsum_delta n j (tilt_mass * be j ^2) Hj). apply rsum_ext; intros l Hl.
    unfold t. destruct (tilted_pair j l Hj Hl) as [I E]. rewrite Ex_scal, E by auto.
    rewrite Nat.eqb_sym. destruct (Nat.eqb_spec l j) as [->|_]; ring. }
  assert (J1 := Int_lin P 1 (2 * c) I2 (proj1 tilted_form_mean)).
  assert (J := Int_lin P 1 (c^2) J1 I0).
  assert (EQ : forall o, 1 * (1 * rsum n (fun j => rsum n (fun l => t j l o))
      + 2 * c * (tilt o * linear_form o)) + c^2 * tilt o = tilt o * (linear_form o + c)^2).
  { intros o. assert (S : rsum n (fun j => rsum n (fun l => t j l o)) = tilt o * linear_form o ^2).
    { unfold linear_form. rewrite rsum_sq, <- rsum_scal. apply rsum_ext; intros j _.
      rewrite <- rsum_scal. apply rsum_ext; intros l _. unfold t. ring. }
    rewrite S. ring. }
  split; [eapply Int_ext; [exact EQ|exact J]|].
  rewrite <- (Ex_ext P _ _ EQ J), (Ex_lin P 1 (c^2) J1 I0),
    (Ex_lin P 1 (2 * c) I2 (proj1 tilted_form_mean)), E2, E0, (proj2 tilted_form_mean). ring.
Qed.
End GaussianMoments.

Section GaussianWeights.
Context {Om : Type} (P : Expectation Om) (mu : Expectation R).
Variables (G : nat -> Om -> R) (n : nat).
Hypothesis PR : product_rule P mu G n.
Hypothesis normal : normal_moments mu.
Variables (c : R) (b be : nat -> R).

Definition token_weight o : R := exp (c + rsum n (fun j => b j * G j o)).
Definition token_deviation o : R := rsum n (fun j => be j * (G j o - b j)).
Definition score_variance : R := rsum n (fun j => b j ^2).
Definition deviation_square : R := rsum n (fun j => be j ^2) + rsum n (fun j => be j * b j) ^2.
Let S := score_variance.

Lemma mean_of X Y k v : (forall o, k * X o = Y o) -> Int P X /\ Ex P X = v ->
  Int P Y /\ Ex P Y = k * v.
Proof.
  intros H [I E]. assert (J := Int_scal P k _ I). split; [eapply Int_ext; [exact H|exact J]|].
  rewrite <- (Ex_ext P _ _ H J), Ex_scal, E by auto. reflexivity.
Qed.

(* e^{k <b,G>} as a tilt *)
Lemma tilt_scale k o : tilt G n (fun j => k * b j) o = exp (k * rsum n (fun j => b j * G j o)).
Proof. unfold tilt. f_equal. rewrite <- rsum_scal. apply rsum_ext; intros; ring. Qed.

Lemma tilt_mass_scale k : tilt_mass n (fun j => k * b j) = exp (k^2 * S / 2).
Proof.
  unfold tilt_mass, S, score_variance. do 2 f_equal. rewrite <- rsum_scal.
  apply rsum_ext; intros; ring.
Qed.

Lemma weight_mean : Int P token_weight /\ Ex P token_weight = exp (c + S / 2).
Proof.
  replace (exp (c + S / 2)) with (exp c * tilt_mass n (fun j => 1 * b j)).
  - apply (mean_of (tilt G n (fun j => 1 * b j))); [|now apply (tilted_one_mean P mu)].
    intros o. rewrite tilt_scale, Rmult_1_l. unfold token_weight. now rewrite exp_plus.
  - rewrite tilt_mass_scale, exp_plus. do 2 f_equal. field.
Qed.

Lemma weight_square_mean : Int P (fun o => token_weight o ^2) /\
  Ex P (fun o => token_weight o ^2) = exp (2 * c + 2 * S).
Proof.
  replace (exp (2 * c + 2 * S)) with (exp (2 * c) * tilt_mass n (fun j => 2 * b j)).
  - apply (mean_of (tilt G n (fun j => 2 * b j))); [|now apply (tilted_one_mean P mu)].
    intros o. rewrite tilt_scale. unfold token_weight. simpl. rewrite Rmult_1_r, <- !exp_plus.
    f_equal. ring.
  - rewrite tilt_mass_scale, exp_plus. do 2 f_equal. field.
Qed.

Lemma weight_inverse_mean : Int P (fun o => / token_weight o) /\
  Ex P (fun o => / token_weight o) = exp (- c + S / 2).
Proof.
  replace (exp (- c + S / 2)) with (exp (- c) * tilt_mass n (fun j => -1 * b j)).
  - apply (mean_of (tilt G n (fun j => -1 * b j))); [|now apply (tilted_one_mean P mu)].
    intros o. rewrite tilt_scale. unfold token_weight. rewrite <- exp_Ropp, <- exp_plus.
    f_equal. ring.
  - rewrite tilt_mass_scale, exp_plus. do 2 f_equal. field.
Qed.

Lemma weight_deviation_mean : Int P (fun o => token_weight o * token_deviation o) /\
  Ex P (fun o => token_weight o * token_deviation o) = 0.
Proof.
  replace 0 with (exp c * 0) by ring.
  apply (mean_of (fun o => tilt G n b o * linear_form G n b be o));
    [|now apply (tilted_form_mean P mu)].
  intros o. unfold token_weight, token_deviation, tilt, linear_form. rewrite exp_plus. ring.
Qed.

(* <be, G - b> = <be, G - k b> + (k-1) <be, b> *)
Lemma deviation_shift k o : token_deviation o =
  linear_form G n (fun j => k * b j) be o + (k - 1) * rsum n (fun j => be j * b j).
Proof.
  unfold token_deviation, linear_form. rewrite <- rsum_scal, <- rsum_plus.
  apply rsum_ext; intros; ring.
Qed.

Lemma weight_deviation_square_mean : Int P (fun o => (token_weight o * token_deviation o)^2) /\
  Ex P (fun o => (token_weight o * token_deviation o)^2) = exp (2 * c + 2 * S) * deviation_square.
Proof.
  replace (exp (2 * c + 2 * S) * deviation_square) with
    (exp (2 * c) * (tilt_mass n (fun j => 2 * b j) *
      (rsum n (fun j => be j ^2) + ((2 - 1) * rsum n (fun j => be j * b j))^2))).
  - apply (mean_of (fun o => tilt G n (fun j => 2 * b j) o *
      (linear_form G n (fun j => 2 * b j) be o + (2 - 1) * rsum n (fun j => be j * b j))^2));
      [|now apply (tilted_square_mean P mu)].
    intros o. rewrite <- deviation_shift, tilt_scale, <- Rmult_assoc, <- exp_plus, Rpow_mult_distr.
    f_equal. unfold token_weight. simpl. rewrite Rmult_1_r, <- exp_plus. f_equal. ring.
  - rewrite tilt_mass_scale, <- Rmult_assoc, <- exp_plus. unfold deviation_square. f_equal.
    + f_equal. field.
    + ring.
Qed.

Lemma deviation_square_mean : Int P (fun o => token_deviation o ^2) /\
  Ex P (fun o => token_deviation o ^2) = deviation_square.
Proof.
  replace deviation_square with (1 * (tilt_mass n (fun j => 0 * b j) *
      (rsum n (fun j => be j ^2) + ((0 - 1) * rsum n (fun j => be j * b j))^2))).
  - apply (mean_of (fun o => tilt G n (fun j => 0 * b j) o *
      (linear_form G n (fun j => 0 * b j) be o + (0 - 1) * rsum n (fun j => be j * b j))^2));
      [|now apply (tilted_square_mean P mu)].
    intros o. rewrite <- deviation_shift, tilt_scale, Rmult_0_l, exp_0. ring.
  - rewrite tilt_mass_scale. replace (0 ^ 2 * S / 2) with 0 by field. rewrite exp_0.
    unfold deviation_square. ring.
Qed.
End GaussianWeights.
